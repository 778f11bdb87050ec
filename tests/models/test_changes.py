"""What the models function changes: a promotion by hand, a rollback, a deletion; and what it refuses to."""

import json
import re
from typing import Any

import pytest

from functions.core.registry import versions
from functions.core.registry.keys import CHAMPION, manifest_key, model_key, published_key, sha256
from functions.core.storage.folder import FolderStore
from tests.models.shelf import UNKNOWN, WHY, Call, Shelf


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
    assert [line["message"] for line in lines] == ["administrator", "champion changed"]
    assert (lines[0]["key_id"], lines[0]["version"]) == ("abc", version)
    changed = {name: lines[1][name] for name in ("model", "version", "previous", "sequence", "by")}
    assert changed == {
        "model": "titanic",
        "version": version,
        "previous": shelf.first,
        "sequence": 2,
        "by": "abc",
    }


def test_what_the_gate_held_back_takes_force(call: Call, shelf: Shelf) -> None:
    manifest = versions.read_manifest(shelf.store, shelf.first)
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

    def late(self: FolderStore, key: str, body: bytes, **conditions: Any) -> str:
        self.put(key, self.get(key).body + b" ")  # somebody else writes first
        return replace(self, key, body, **conditions)

    monkeypatch.setattr(FolderStore, "replace", late)
    requests: list[tuple[str, str, Any]] = [
        ("POST", f"/models/{version}/promote", WHY),
        ("POST", "/models/rollback", {**WHY, "to": version}),
        ("DELETE", f"/models/{version}", None),
    ]
    for request in requests:
        status, answer = call(*request)
        assert (status, answer["code"]) == (409, "CONFLICT"), request
        assert re.search(
            "changed the champion first.*; .*ask again|; to delete .*, ask once more", answer["error"]
        )
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


def test_the_list_says_what_a_rollback_would_put_into_service(call: Call, shelf: Shelf) -> None:
    assert call("GET", "/models/titanic/versions")[1]["rolls_back_to"] is None
    second, third = shelf.add(1), shelf.add(2)
    for version in (second, third):
        assert call("POST", f"/models/{version}/promote", {**WHY, "force": True})[0] == 200
    for expected in (second, shelf.first):
        said = call("GET", "/models/titanic/versions")[1]["rolls_back_to"]
        assert said == expected
        assert call("POST", "/models/rollback", WHY)[1]["version"] == said
    assert call("GET", "/models/titanic/versions?limit=1")[1]["rolls_back_to"] is None


def test_a_rollback_with_nowhere_to_go_changes_nothing(call: Call, shelf: Shelf) -> None:
    status, answer = call("POST", "/models/rollback", WHY)
    assert (status, answer["code"]) == (404, "NOT_FOUND")
    assert "no earlier champion" in answer["error"]
    assert call("POST", "/models/rollback", {**WHY, "to": UNKNOWN})[0] == 404
    assert shelf.champion.sequence == 1


def test_a_broken_model_comes_into_service_in_no_way_and_nobody_is_woken(call: Call, shelf: Shelf) -> None:
    version = shelf.add(1)
    shelf.store.put(model_key(version), b"not the graph")
    for path, body in (
        ("/models/rollback", {**WHY, "to": version}),
        (f"/models/{version}/promote", {**WHY, "force": True}),
    ):
        status, answer = call("POST", path, body)
        assert (status, answer["code"]) == (409, "CONFLICT")
        assert "does not match its checksum; name another version" in answer["error"]
    assert shelf.champion.version == shelf.first


@pytest.mark.parametrize("vouched_for", ["by its publication", "by a promotion"])
def test_a_version_changed_since_its_publication_is_refused_in_a_sentence(
    call: Call, shelf: Shelf, vouched_for: str
) -> None:
    version = shelf.add(1)
    if vouched_for == "by a promotion":
        shelf.store.delete(published_key(version))
        for path, body in ((f"/models/{version}/promote", {**WHY, "force": True}), ("/models/rollback", WHY)):
            assert call("POST", path, body)[0] == 200
    manifest = json.loads(shelf.store.get(manifest_key(version)).body)
    shelf.store.put(manifest_key(version), json.dumps(manifest | {"threshold": 0.001}).encode())
    for path, body in (
        ("/models/rollback", {**WHY, "to": version}),
        (f"/models/{version}/promote", {**WHY, "force": True}),
    ):
        status, answer = call("POST", path, body)
        assert (status, answer["code"]) == (409, "CONFLICT")
        assert f"the manifest of version {version} has been changed since it was published" in answer["error"]
        assert answer["error"].endswith("name another version")
    assert shelf.champion.version == shelf.first
    status, answer = call("GET", f"/models/compare?left={version}&right={shelf.first}")
    assert (status, answer["code"]) == (503, "UNUSABLE_MODEL")
    assert call("DELETE", f"/models/{version}")[0] == 204


def test_a_promotion_of_what_nothing_vouches_for_takes_force(call: Call, shelf: Shelf) -> None:
    version = shelf.add(1)
    shelf.store.delete(published_key(version))
    status, answer = call("POST", f"/models/{version}/promote", WHY)
    assert (status, answer["code"]) == (409, "CONFLICT")
    assert "nothing vouches for the manifest" in answer["error"]
    status, card = call("POST", f"/models/{version}/promote", {**WHY, "force": True})
    assert (status, card["version"]) == (200, version)
    assert card["manifest_sha256"] == sha256(shelf.store.get(manifest_key(version)).body)


def test_a_deleted_version_is_gone(call: Call, shelf: Shelf) -> None:
    version = shelf.add(1)
    assert call("DELETE", f"/models/{version}") == (204, None)
    assert list(shelf.store.list(f"models/{version}/")) == []
    assert call("GET", f"/models/{version}")[0] == 404
    status, answer = call("DELETE", f"/models/{version}")
    assert (status, answer["error"]) == (404, f"no version {version} is published")
    assert call("GET", "/models/champion")[1]["abandoned"] == {version: "deleted by abc"}


@pytest.mark.parametrize("below", ["/models", "/models/titanic/versions"])
def test_why_a_version_was_deleted_is_remembered(call: Call, shelf: Shelf, below: str) -> None:
    version = shelf.add(1)
    status, answer = call("DELETE", f"{below}/{version}?reason=%20")
    assert (status, answer["detail"][0]["loc"]) == (422, ["query", "reason"])
    assert call("DELETE", f"{below}/{version}?reason=worse%20on%20%3Cb%3E")[0] == 204
    assert shelf.champion.abandoned == {version: "deleted by abc: worse on <b>"}


def test_the_champion_and_what_a_rollback_returns_to_are_not_deleted(call: Call, shelf: Shelf) -> None:
    version = shelf.add(1)
    call("POST", f"/models/{version}/promote", WHY)
    for kept in (version, shelf.first):
        status, answer = call("DELETE", f"/models/{kept}")
        assert (status, answer["code"]) == (409, "CONFLICT")
        assert versions.read_manifest(shelf.store, kept).version == kept
    assert call("POST", "/models/rollback", WHY)[0] == 200
    assert call("DELETE", f"/models/{version}")[0] == 204


def test_before_the_first_promotion_nothing_is_deleted(call: Call, shelf: Shelf) -> None:
    shelf.store.delete(CHAMPION)
    status, answer = call("DELETE", f"/models/{shelf.first}")
    assert (status, answer["code"]) == (409, "CONFLICT")
    assert versions.read_manifest(shelf.store, shelf.first).version == shelf.first
