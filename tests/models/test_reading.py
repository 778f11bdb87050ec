"""What the models function tells: versions page by page, one of them, two side by side, the history."""

import json
import subprocess
import sys
from typing import Any

import pytest

from functions.core.base.errors import NotFound
from functions.core.registry import deployment, history, versions
from functions.core.registry.keys import CHAMPION, holdout_key, manifest_key, published_key
from functions.core.registry.manifest import Manifest
from functions.core.storage.folder import FolderStore
from tests.models.shelf import UNKNOWN, WHY, Call, Shelf
from tests.support.titanic import SCHEMA

VERSIONS = "/models/titanic/versions"


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
    found = pages(call, VERSIONS, "versions", "after", 2)
    assert [len(page) for page in found] == [2, 2, 2, 1]
    listed = [version["version"] for page in found for version in page]
    assert listed == [*sorted(added, reverse=True), shelf.first]


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
    _, page = call("GET", f"{VERSIONS}?limit=3")
    # And of each what vouches for it.
    both = (manifest_key, published_key)
    assert sorted(read) == sorted(
        map(
            shelf.store.full,
            [CHAMPION, *(key(version["version"]) for version in page["versions"] for key in both)],
        )
    )


def test_a_place_in_the_list_outlives_its_version(call: Call, shelf: Shelf) -> None:
    for number in (1, 2, 3):
        shelf.add(number)
    _, page = call("GET", f"{VERSIONS}?limit=2")
    assert call("DELETE", f"/models/{page['versions'][-1]['version']}")[0] == 204
    _, rest = call("GET", f"{VERSIONS}?after={page['next']}")
    assert [version["version"] for version in rest["versions"]] == [f"{1:016x}", shelf.first]


def test_a_listed_version_says_what_matters_of_it(call: Call, shelf: Shelf) -> None:
    left = shelf.add(1)
    call("POST", f"/models/{left}/promote", WHY)
    call("POST", "/models/rollback", {"reason": "worse on children"})
    _, page = call("GET", VERSIONS)
    listed = {version["version"]: version for version in page["versions"]}
    assert page["next"] is None
    assert (listed[shelf.first]["in_service"], listed[shelf.first]["abandoned"]) == (True, None)
    assert (listed[left]["in_service"], listed[left]["abandoned"]) == (False, "worse on children")
    assert listed[left]["published_at"] == "2026-11-01T01:00:00Z"
    assert listed[left]["summary"]["dataset"]["rows"] == 100
    assert listed[left]["summary"]["metrics"]["log_loss"]["value"] < 0.6
    assert listed[left]["summary"]["decision"]["promote"] is True


@pytest.mark.parametrize("is_vouched_for", [True, False])
def test_a_damaged_or_changed_manifest_is_listed_as_such(
    call: Call, shelf: Shelf, is_vouched_for: bool
) -> None:
    version = shelf.add(1)
    shelf.store.put(manifest_key(version), b"{")
    if not is_vouched_for:
        shelf.store.delete(published_key(version))
    _, page = call("GET", VERSIONS)
    (listed,) = [entry for entry in page["versions"] if entry["version"] == version]
    assert listed["summary"] is None
    assert ("has been changed since it was published" if is_vouched_for else "damaged") in listed["trouble"]
    assert call("GET", f"/models/{version}")[1]["code"] == "UNUSABLE_MODEL"


def test_a_version_deleted_while_it_is_listed_is_left_out(
    call: Call, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = shelf.add(1)
    get = FolderStore.get

    def deleted(self: FolderStore, key: str) -> Any:
        if key == shelf.store.full(manifest_key(gone)):
            raise NotFound("the store has no such object")
        return get(self, key)

    monkeypatch.setattr(FolderStore, "get", deleted)
    assert [entry["version"] for entry in call("GET", VERSIONS)[1]["versions"]] == [shelf.first]


def test_a_version_is_described_by_its_manifest(call: Call, shelf: Shelf) -> None:
    status, found = call("GET", f"/models/{shelf.first}")
    assert status == 200
    assert Manifest.model_validate_json(json.dumps(found)) == versions.read_manifest(shelf.store, shelf.first)
    assert found["schema"] == SCHEMA.document
    assert call("GET", f"{VERSIONS}/{shelf.first}") == (200, found)


@pytest.mark.parametrize("below", ["/models", "/models/titanic"])
def test_two_versions_are_set_side_by_side(call: Call, shelf: Shelf, below: str) -> None:
    always = shelf.add(1, chance=0.9)
    status, found = call("GET", f"{below}/compare?left={shelf.first}&right={always}")
    assert status == 200
    assert (found["left"], found["right"]) == (shelf.first, always)
    assert found["shared_rows"] == versions.read_manifest(shelf.store, shelf.first).dataset.holdout_rows
    assert found["on_shared_rows"]["log_loss"]["left"] < found["on_shared_rows"]["log_loss"]["right"]
    assert found["disagreements"] >= len(found["rows"]) > 0
    assert all(row["left"] <= 0.5 < row["right"] == 0.9 for row in found["rows"])
    assert found["rows"][0].keys() == {"row", "outcome", "left", "right", "count"}
    assert found["rows"][0]["row"].keys() == {"age"}


def test_versions_that_cannot_be_compared_say_why(call: Call, shelf: Shelf) -> None:
    assert call("GET", f"/models/compare?left={shelf.first}&right={UNKNOWN}")[0] == 404
    version = shelf.add(1)
    shelf.store.delete(holdout_key(version))
    status, answer = call("GET", f"/models/compare?left={version}&right={shelf.first}")
    assert (status, answer["code"]) == (503, "UNUSABLE_MODEL")
    assert "holdout" in answer["error"]


@pytest.mark.parametrize("below", ["/models", VERSIONS])
def test_the_curves_of_a_version_are_those_of_its_holdout(call: Call, shelf: Shelf, below: str) -> None:
    # Ten positive rows have 0.8, ten negative ones 0.3.
    status, found = call("GET", f"{below}/{shelf.first}/curves")
    assert status == 200
    assert (found["version"], found["threshold"]) == (shelf.first, 0.5)
    assert (found["rows"], found["positives"]) == (20, 10)
    assert [[*point.values()] for point in found["roc"]] == [[0, 0, None], [0, 1, 0.8], [1, 1, 0.3]]
    assert [(bin_["rows"], bin_["share"]["value"]) for bin_ in found["calibration"]] == [(10, 0), (10, 1)]
    assert found["calibration"][1]["probability"] == pytest.approx(0.8)
    assert found["calibration"][1]["share"]["low"] == pytest.approx(0.722467, abs=1e-6)


def test_curves_that_cannot_be_drawn_say_why(call: Call, shelf: Shelf) -> None:
    assert call("GET", f"{VERSIONS}/{UNKNOWN}/curves")[0] == 404
    version = shelf.add(1)
    shelf.store.delete(holdout_key(version))
    status, answer = call("GET", f"{VERSIONS}/{version}/curves")
    assert (status, answer["code"]) == (503, "UNUSABLE_MODEL")
    assert "holdout" in answer["error"]


def test_the_history_comes_in_pages_newest_first(
    call: Call, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So few that most of them have left the champion's own record for pages of theirs.
    monkeypatch.setattr(history, "MAX_KEPT", 4)
    others = [shelf.add(1), shelf.add(2)]
    for turn in range(1, 11):
        promote = deployment.promote_by_hand
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
    assert call("GET", VERSIONS)[0] == 404
    requests: list[tuple[str, str, Any]] = [
        ("GET", "/models/champion", None),
        ("GET", "/models/history", None),
        ("POST", "/models/rollback", WHY),
    ]
    for request in requests:
        status, answer = call(*request)
        assert (status, answer["code"]) == (503, "NO_CHAMPION"), request


def test_neither_numbers_nor_models_are_imported() -> None:
    code = (
        "import sys, functions.models.handler\n"
        "print({'numpy', 'onnxruntime', 'boto3', 'sklearn'} & sys.modules.keys())"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
