"""The models function through its Lambda handler: every route, every refusal, page by page."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from functions.core import history_pages, promotion, registry
from functions.core.comparison import Holdout, read_holdout
from functions.core.errors import NotFound
from functions.core.folder_store import FolderStore
from functions.core.manifest import File, Manifest
from functions.models import app as models_app
from functions.models.handler import handler
from tests import gateway
from tests.conftest import QUICK, TITANIC
from training.publication import Upload, train_and_publish

Call = Callable[..., tuple[int, Any]]
BEGAN = datetime(2026, 11, 1, tzinfo=UTC)
WHY = {"reason": "because a test says so"}
UNKNOWN = "f" * 16


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> FolderStore:
    """A store in which the real passengers made the champion."""
    store = FolderStore(str(tmp_path_factory.mktemp("original")))
    outcome = train_and_publish(
        store, Upload("datasets/titanic.csv", BEGAN), TITANIC, by="test", configuration=QUICK
    )
    assert outcome.status == "promoted"
    return store


class Shelf:
    """A store that begins with one champion, and to which copies of it are added under other names."""

    def __init__(self, root: Path, original: FolderStore) -> None:
        self._root = root
        self.store = FolderStore(str(root))
        for entry in original.list(""):
            self.store.put(entry.key, original.get(entry.key).body)
        champion, _ = promotion.read_champion(self.store)
        self.first = champion.version
        self._set_age(self.first, 0)

    @property
    def champion(self) -> promotion.Champion:
        return promotion.read_champion(self.store)[0]

    def add(self, number: int, **changes: Any) -> str:
        """Publish a version, `number` hours after the first, that the gate let pass against that one."""
        version = f"{number:016x}"
        manifest = registry.read_manifest(self.store, self.first)
        holdout = read_holdout(self.store, manifest)
        if "survives" in changes:
            holdout = Holdout(
                features=holdout.features,
                survived=holdout.survived,
                probability=[changes.pop("survives")] * len(holdout.survived),
            )
        body = holdout.model_dump_json().encode()
        files = manifest.files | {"holdout.json": File(sha256=registry.sha256(body), size=len(body))}
        decision = manifest.decision.model_copy(update={"champion": self.first})
        made = {"version": version, "files": files, "decision": decision} | changes
        self.store.put(registry.holdout_key(version), body)
        self.store.put(registry.model_key(version), registry.read_model(self.store, manifest))
        copy: Manifest = manifest.model_copy(update=made)
        self.store.put(registry.manifest_key(version), copy.model_dump_json().encode())
        self._set_age(version, number)
        return version

    def _set_age(self, version: str, hours: int) -> None:
        time = (BEGAN + timedelta(hours=hours)).timestamp()
        os.utime(self._root / registry.manifest_key(version), (time, time))


@pytest.fixture
def shelf(tmp_path: Path, original: FolderStore) -> Shelf:
    return Shelf(tmp_path, original)


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Call]:
    """Sends one request through the handler, as the gateway would; returns status and what the body holds."""
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path))
    models_app.store.cache_clear()

    def call(method: str, path: str, body: Any = None, scopes: str | None = "admin") -> tuple[int, Any]:
        return gateway.call(handler, method, path, body, key_id="abc", scopes=scopes)

    yield call
    models_app.store.cache_clear()


def pages(call: Call, path: str, items: str, cursor: str, limit: int) -> list[list[Any]]:
    """All pages of a list, by following `next`."""
    found = []
    following = ""
    while True:
        status, page = call("GET", f"{path}?limit={limit}{following}")
        assert status == 200
        found.append(page[items])
        if page["next"] is None:
            return found
        following = f"&{cursor}={page['next']}"


def test_the_versions_come_in_pages_newest_first(call: Call, shelf: Shelf) -> None:
    added = [shelf.add(number) for number in (3, 1, 6, 2, 5, 4)]
    found = pages(call, "/models", "versions", "after", 2)
    assert [len(page) for page in found] == [2, 2, 2, 1]
    versions = [version["version"] for page in found for version in page]
    assert versions == [*sorted(added, reverse=True), shelf.first]


def test_a_page_reads_the_manifests_on_it_and_no_others(
    call: Call, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 7):
        shelf.add(number)
    read: list[str] = []
    get = FolderStore.get

    def counted(self: FolderStore, key: str) -> Any:
        read.append(key)
        return get(self, key)

    monkeypatch.setattr(FolderStore, "get", counted)
    _, page = call("GET", "/models?limit=3")
    assert sorted(read) == sorted(
        [promotion.CHAMPION, *(registry.manifest_key(version["version"]) for version in page["versions"])]
    )


def test_a_place_in_the_list_outlives_its_version(call: Call, shelf: Shelf) -> None:
    for number in (1, 2, 3):
        shelf.add(number)
    _, page = call("GET", "/models?limit=2")
    assert call("DELETE", f"/models/{page['versions'][-1]['version']}")[0] == 204
    _, rest = call("GET", f"/models?after={page['next']}")
    assert [version["version"] for version in rest["versions"]] == [f"{1:016x}", shelf.first]


def test_a_listed_version_says_what_matters_of_it(call: Call, shelf: Shelf) -> None:
    left = shelf.add(1)
    call("POST", f"/models/{left}/promote", WHY)
    call("POST", "/models/rollback", {"reason": "worse on children"})
    _, page = call("GET", "/models")
    listed = {version["version"]: version for version in page["versions"]}
    assert page["next"] is None
    assert (listed[shelf.first]["in_service"], listed[shelf.first]["abandoned"]) == (True, None)
    assert (listed[left]["in_service"], listed[left]["abandoned"]) == (False, "worse on children")
    assert listed[left]["published_at"] == "2026-11-01T01:00:00Z"
    assert listed[left]["summary"]["dataset"]["rows"] == 1309
    assert listed[left]["summary"]["metrics"]["log_loss"]["value"] < 0.6
    assert listed[left]["summary"]["decision"]["promote"] is True


def test_a_damaged_manifest_is_listed_as_such(call: Call, shelf: Shelf) -> None:
    version = shelf.add(1)
    shelf.store.put(registry.manifest_key(version), b"{")
    _, page = call("GET", "/models")
    (listed,) = [entry for entry in page["versions"] if entry["version"] == version]
    assert listed["summary"] is None
    assert "damaged" in listed["trouble"]
    assert call("GET", f"/models/{version}")[1]["code"] == "UNUSABLE_MODEL"


def test_a_version_deleted_while_it_is_listed_is_left_out(
    call: Call, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = shelf.add(1)
    get = FolderStore.get

    def deleted(self: FolderStore, key: str) -> Any:
        if key == registry.manifest_key(gone):
            raise NotFound("the store has no such object")
        return get(self, key)

    monkeypatch.setattr(FolderStore, "get", deleted)
    assert [entry["version"] for entry in call("GET", "/models")[1]["versions"]] == [shelf.first]


def test_a_version_is_described_by_its_manifest(call: Call, shelf: Shelf) -> None:
    status, found = call("GET", f"/models/{shelf.first}")
    assert status == 200
    assert Manifest.model_validate(found) == registry.read_manifest(shelf.store, shelf.first)


def test_a_promotion_by_hand_names_the_key_as_its_author(
    call: Call, shelf: Shelf, capsys: pytest.CaptureFixture[str]
) -> None:
    version = shelf.add(1)
    status, card = call("POST", f"/models/{version}/promote", {"reason": " it is better "})
    assert status == 200
    assert (card["sequence"], card["version"], card["previous"]) == (2, version, shelf.first)
    assert (card["by"], card["reason"]) == ("abc", "it is better")
    assert call("GET", "/models/champion") == (200, card)
    assert shelf.champion.version == version
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["key_id"], line["version"]) for line in lines] == [("abc", version)]


def test_what_the_gate_held_back_takes_force(call: Call, shelf: Shelf) -> None:
    manifest = registry.read_manifest(shelf.store, shelf.first)
    decision = manifest.decision.model_copy(update={"promote": False, "reason": "it is worse"})
    version = shelf.add(1, decision=decision)
    status, answer = call("POST", f"/models/{version}/promote", WHY)
    assert (status, answer["code"]) == (409, "CONFLICT")
    assert "it is worse" in answer["error"]
    assert "force" in answer["error"]
    assert shelf.champion.version == shelf.first
    assert call("POST", f"/models/{version}/promote", {**WHY, "force": True})[0] == 200
    assert shelf.champion.version == version


def test_the_champion_is_not_promoted_over_itself(call: Call, shelf: Shelf) -> None:
    status, answer = call("POST", f"/models/{shelf.first}/promote", {**WHY, "force": True})
    assert (status, answer["code"]) == (409, "CONFLICT")
    assert "in service already" in answer["error"]


def test_who_loses_a_race_is_told_so(call: Call, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    version = shelf.add(1)
    replace = FolderStore.replace

    def late(self: FolderStore, key: str, body: bytes, *, etag: str) -> str:
        self.put(key, self.get(key).body + b" ")  # somebody else writes first
        return replace(self, key, body, etag=etag)

    monkeypatch.setattr(FolderStore, "replace", late)
    requests: list[tuple[str, str, Any]] = [
        ("POST", f"/models/{version}/promote", WHY),
        ("POST", "/models/rollback", {**WHY, "to": version}),
        ("DELETE", f"/models/{version}", None),
    ]
    for request in requests:
        status, answer = call(*request)
        assert (status, answer["code"]) == (409, "CONFLICT"), request
        assert "somebody else first" in answer["error"]
    assert shelf.champion.version == shelf.first


def test_a_rollback_goes_back_one_or_to_the_version_named(call: Call, shelf: Shelf) -> None:
    second, third = shelf.add(1), shelf.add(2)
    for version in (second, third):
        assert call("POST", f"/models/{version}/promote", {**WHY, "force": True})[0] == 200
    status, card = call("POST", "/models/rollback", {"reason": "complaints"})
    assert status == 200
    assert (card["version"], card["previous"]) == (second, third)
    assert card["abandoned"] == {third: "complaints"}
    _, card = call("POST", "/models/rollback", {"reason": "and back", "to": third})
    assert card["version"] == third
    assert card["abandoned"] == {second: "and back"}


def test_a_rollback_with_nowhere_to_go_changes_nothing(call: Call, shelf: Shelf) -> None:
    status, answer = call("POST", "/models/rollback", WHY)
    assert (status, answer["code"]) == (404, "NOT_FOUND")
    assert "no earlier champion" in answer["error"]
    assert call("POST", "/models/rollback", {**WHY, "to": UNKNOWN})[0] == 404
    assert shelf.champion.sequence == 1


def test_a_broken_model_comes_into_service_in_no_way_and_nobody_is_woken(call: Call, shelf: Shelf) -> None:
    version = shelf.add(1)
    shelf.store.put(registry.model_key(version), b"not the graph")
    for path, body in (
        ("/models/rollback", {**WHY, "to": version}),
        (f"/models/{version}/promote", {**WHY, "force": True}),
    ):
        status, answer = call("POST", path, body)
        assert (status, answer["code"]) == (409, "CONFLICT")
        assert "does not match its checksum; name another version" in answer["error"]
    assert shelf.champion.version == shelf.first


def test_a_deleted_version_is_gone(call: Call, shelf: Shelf) -> None:
    version = shelf.add(1)
    assert call("DELETE", f"/models/{version}") == (204, None)
    assert list(shelf.store.list(f"models/{version}/")) == []
    assert call("GET", f"/models/{version}")[0] == 404
    status, answer = call("DELETE", f"/models/{version}")
    assert (status, answer["error"]) == (404, f"no version {version} is published")
    assert call("GET", "/models/champion")[1]["abandoned"] == {version: "deleted by abc"}


def test_the_champion_and_what_a_rollback_returns_to_are_not_deleted(call: Call, shelf: Shelf) -> None:
    version = shelf.add(1)
    call("POST", f"/models/{version}/promote", WHY)
    for kept in (version, shelf.first):
        status, answer = call("DELETE", f"/models/{kept}")
        assert (status, answer["code"]) == (409, "CONFLICT")
        assert registry.read_manifest(shelf.store, kept).version == kept
    assert call("POST", "/models/rollback", WHY)[0] == 200
    assert call("DELETE", f"/models/{version}")[0] == 204


def test_before_the_first_promotion_nothing_is_deleted(call: Call, shelf: Shelf) -> None:
    shelf.store.delete(promotion.CHAMPION)
    status, answer = call("DELETE", f"/models/{shelf.first}")
    assert (status, answer["code"]) == (409, "CONFLICT")
    assert registry.read_manifest(shelf.store, shelf.first).version == shelf.first


def test_two_versions_are_set_side_by_side(call: Call, shelf: Shelf) -> None:
    all_survive = shelf.add(1, survives=0.9)
    status, found = call("GET", f"/models/compare?left={shelf.first}&right={all_survive}")
    assert status == 200
    assert (found["left"], found["right"]) == (shelf.first, all_survive)
    assert found["shared_rows"] == registry.read_manifest(shelf.store, shelf.first).dataset.holdout_rows
    assert found["on_shared_rows"]["log_loss"]["left"] < found["on_shared_rows"]["log_loss"]["right"]
    assert found["disagreements"] >= len(found["rows"]) > 0
    assert all(row["left"] <= 0.5 < row["right"] == 0.9 for row in found["rows"])


def test_versions_that_cannot_be_compared_say_why(call: Call, shelf: Shelf) -> None:
    assert call("GET", f"/models/compare?left={shelf.first}&right={UNKNOWN}")[0] == 404
    version = shelf.add(1)
    shelf.store.delete(registry.holdout_key(version))
    status, answer = call("GET", f"/models/compare?left={version}&right={shelf.first}")
    assert (status, answer["code"]) == (503, "UNUSABLE_MODEL")
    assert "holdout" in answer["error"]


def test_the_history_comes_in_pages_newest_first(
    call: Call, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So few that most of them have left the champion's own record for pages of theirs.
    monkeypatch.setattr(history_pages, "MOST_KEPT", 4)
    others = [shelf.add(1), shelf.add(2)]
    for turn in range(1, 11):
        promote = promotion.promote_by_hand
        promote(shelf.store, others[turn % 2], by="test", reason=f"turn {turn}", force=True)
    found = pages(call, "/models/history", "promotions", "before", 3)
    assert [[one["sequence"] for one in page] for page in found] == [
        [11, 10, 9],
        [8, 7, 6],
        [5, 4, 3],
        [2, 1],
    ]
    assert [one["reason"] for page in found for one in page][:-1] == [f"turn {n}" for n in range(10, 0, -1)]


def test_without_a_champion_that_is_what_is_said(call: Call) -> None:
    assert call("GET", "/models") == (200, {"versions": [], "next": None})
    requests: list[tuple[str, str, Any]] = [
        ("GET", "/models/champion", None),
        ("GET", "/models/history", None),
        ("POST", "/models/rollback", WHY),
    ]
    for request in requests:
        status, answer = call(*request)
        assert (status, answer["code"]) == (503, "NO_CHAMPION"), request


BAD_REQUESTS: dict[str, tuple[str, str, Any, list[str]]] = {
    "no limit": ("GET", "/models?limit=0", None, ["query", "limit"]),
    "too much": ("GET", "/models?limit=101", None, ["query", "limit"]),
    "no place": ("GET", "/models?after=yesterday", None, ["query", "after"]),
    "no number": ("GET", "/models/history?before=soon", None, ["query", "before"]),
    "below the first": ("GET", "/models/history?before=0", None, ["query", "before"]),
    "one version only": ("GET", f"/models/compare?left={UNKNOWN}", None, ["query", "right"]),
    "path in a query": ("GET", f"/models/compare?left=../x&right={UNKNOWN}", None, ["query", "left"]),
    "no version": ("GET", "/models/latest", None, ["path", "version"]),
    "upper case": ("GET", f"/models/{'F' * 16}", None, ["path", "version"]),
    "dots": ("DELETE", "/models/..", None, ["path", "version"]),
    "line end": ("DELETE", f"/models/{UNKNOWN}\n", None, ["path", "version"]),
    "no reason": ("POST", f"/models/{UNKNOWN}/promote", {}, ["body", "reason"]),
    "empty reason": ("POST", f"/models/{UNKNOWN}/promote", {"reason": "  "}, ["body", "reason"]),
    "long reason": ("POST", "/models/rollback", {"reason": "x" * 501}, ["body", "reason"]),
    "force as text": ("POST", f"/models/{UNKNOWN}/promote", {**WHY, "force": "yes"}, ["body", "force"]),
    "misspelt": ("POST", f"/models/{UNKNOWN}/promote", {**WHY, "forced": True}, ["body", "forced"]),
    "rollback to a path": ("POST", "/models/rollback", {**WHY, "to": "../../x"}, ["body", "to"]),
}


@pytest.mark.parametrize(("method", "path", "body", "where"), BAD_REQUESTS.values(), ids=BAD_REQUESTS)
def test_a_bad_request_names_the_field(
    call: Call, shelf: Shelf, method: str, path: str, body: Any, where: list[str]
) -> None:
    status, answer = call(method, path, body)
    assert (status, answer["code"]) == (422, "INVALID_INPUT")
    assert [item["loc"] for item in answer["detail"]] == [where]
    assert answer["request_id"] == "JKJaXmPLvHcESHA="


def test_a_body_that_is_too_large_is_refused(call: Call, shelf: Shelf) -> None:
    status, answer = call("POST", "/models/rollback", {"reason": "x" * 1_000_000})
    assert (status, answer["code"]) == (413, "PAYLOAD_TOO_LARGE")


# Every route, and what a valid request to it is; the first three of these need no version of their own.
CHANGES = [
    ("POST", "/models/rollback", WHY),
    ("POST", f"/models/{UNKNOWN}/promote", WHY),
    ("DELETE", f"/models/{UNKNOWN}", None),
]
READS = [
    ("GET", path, None)
    for path in (
        "/models",
        "/models/champion",
        "/models/history",
        f"/models/compare?left={UNKNOWN}&right={UNKNOWN}",
        f"/models/{UNKNOWN}",
    )
]
DOCUMENTS = [("GET", "/models/openapi.json", None), ("GET", "/models/docs", None)]


@pytest.mark.parametrize(("method", "path", "body"), [*CHANGES, *READS, *DOCUMENTS])
def test_without_a_key_nothing_is_answered(call: Call, method: str, path: str, body: Any) -> None:
    status, answer = call(method, path, body, scopes=None)
    assert (status, answer["code"]) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
@pytest.mark.parametrize("scopes", ["", "predict", "predict feedback", "administrator"])
def test_only_administrators_change_anything(
    call: Call, shelf: Shelf, method: str, path: str, body: Any, scopes: str
) -> None:
    status, answer = call(method, path, body, scopes=scopes)
    assert (status, answer["code"]) == (403, "FORBIDDEN")
    # Before anything is said of the request itself.
    assert call(method, path, {}, scopes=scopes)[0] == 403


@pytest.mark.parametrize(("method", "path", "body"), READS)
def test_reading_takes_the_scope_predict(call: Call, shelf: Shelf, method: str, path: str, body: Any) -> None:
    assert call(method, path, body, scopes="feedback")[1]["code"] == "FORBIDDEN"
    assert call(method, path, body, scopes="predict")[0] in {200, 404}


def test_every_route_is_tested_for_its_scope(call: Call) -> None:
    _, document = call("GET", "/models/openapi.json")
    declared = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    tested = {
        (method, path.partition("?")[0].replace(UNKNOWN, "{version}")) for method, path, _ in CHANGES + READS
    }
    assert declared == tested


def test_the_document_tells_of_every_answer(call: Call) -> None:
    _, document = call("GET", "/models/openapi.json")
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert operation["summary"], path
            assert {"401", "403", "422", "503"} <= operation["responses"].keys(), path
            assert ("409" in operation["responses"]) == (method != "get"), path


def test_people_read_the_document_on_a_page(call: Call, shelf: Shelf) -> None:
    status, page = call("GET", "/models/docs")
    assert status == 200
    assert "/models/{version}/promote" in page


def test_the_examples_in_the_document_are_accepted(call: Call, shelf: Shelf) -> None:
    _, document = call("GET", "/models/openapi.json")
    for name, path in (
        ("PromotionRequest", f"/models/{UNKNOWN}/promote"),
        ("RollbackRequest", "/models/rollback"),
    ):
        properties = document["components"]["schemas"][name]["properties"]
        body = {field: about["examples"][0] for field, about in properties.items() if "examples" in about}
        assert call("POST", path, body)[0] == 404


def test_neither_numbers_nor_models_are_imported() -> None:
    code = (
        "import sys, functions.models.handler\n"
        "print({'numpy', 'onnxruntime', 'boto3', 'sklearn'} & sys.modules.keys())"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
