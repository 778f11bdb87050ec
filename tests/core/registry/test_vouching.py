"""What stands apart from a version vouches for its manifest: records of its publication and promotions."""

import json
from typing import Any

import pytest

from functions.core.base.errors import Conflict, NotFound, UnusableModel
from functions.core.registry import deletion, deployment, serving, versions
from functions.core.registry.keys import CHAMPION, manifest_key, model_key, published_key, sha256
from functions.core.storage.view import ModelStore
from tests.support.versions import champion, promote, publish

CHANGED = "the manifest of version a has been changed since it was published: restore"


def digest_of(store: ModelStore, version: str) -> str:
    return sha256(store.get(manifest_key(version)).body)


def tamper(store: ModelStore, version: str) -> None:
    """What who may write below `models/` alone can do: another graph, and a manifest that fits it."""
    graph = b"another graph"
    manifest = json.loads(store.get(manifest_key(version)).body)
    manifest["files"]["model.onnx"] = {"sha256": sha256(graph), "size": len(graph)}
    store.put(model_key(version), graph)
    store.put(manifest_key(version), json.dumps(manifest).encode())


def forget(store: ModelStore, *names: str) -> None:
    """Have the records be those of an earlier release, which vouched for nothing."""
    for version in names:
        store.delete(published_key(version))
    record = json.loads(store.get(CHAMPION).body)
    for entry in (record, *record["history"]):
        del entry["manifest_sha256"]
    store.put(CHAMPION, json.dumps(record).encode())


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_publication_promotion_and_rollback_write_down_which_manifest_it_was(store: ModelStore) -> None:
    publish(store, "a")
    assert serving.read_published_digest(store, "a") == digest_of(store, "a")
    promote(store, "a", "b")
    assert champion(store).manifest_sha256 == digest_of(store, "b")
    deployment.rollback(store, by="ann", reason="complaints")
    found = champion(store)
    assert found.manifest_sha256 == digest_of(store, "a") != digest_of(store, "b")
    assert [entry.manifest_sha256 for entry in found.history] == [digest_of(store, v) for v in "aba"]
    assert serving.read_served_champion(store).manifest_sha256 == found.manifest_sha256


def test_what_left_the_champions_record_keeps_its_digest(store: ModelStore) -> None:
    promote(store, *("odd" if number % 2 else "even" for number in range(110)))
    assert {entry.manifest_sha256 for entry in deployment.history(store)} == {
        digest_of(store, "odd"),
        digest_of(store, "even"),
    }


def test_a_manifest_that_was_exchanged_with_its_graph_is_noticed_by_every_reader(store: ModelStore) -> None:
    promote(store, "a")
    tamper(store, "a")
    served = champion(store).manifest_sha256
    for digest in (None, served):
        with pytest.raises(UnusableModel, match=CHANGED):
            versions.read_manifest(store, "a", digest)
    with pytest.raises(UnusableModel, match=CHANGED):
        serving.read_served_version(store, "a", served)


@pytest.mark.parametrize("force", [False, True])
def test_a_version_that_was_changed_comes_into_service_in_no_way(store: ModelStore, force: bool) -> None:
    publish(store, "a")
    promote(store, "b")
    tamper(store, "a")
    before = store.get(CHAMPION)
    with pytest.raises(Conflict, match=f"{CHANGED}.*; name another version"):
        deployment.promote_by_hand(store, "a", by="ann", reason="", force=force)
    with pytest.raises(Conflict, match=CHANGED):
        deployment.rollback(store, to="a", by="ann", reason="")
    with pytest.raises(UnusableModel, match=CHANGED):
        deployment.promote(store, "a", expected=deployment.read_champion(store), by="test", reason="")
    assert store.get(CHAMPION) == before


def test_a_manifest_that_is_exchanged_after_it_was_judged_is_not_promoted(store: ModelStore) -> None:
    publish(store, "a")
    judged = digest_of(store, "a")
    # By somebody who may write the record of its publication as well.
    tamper(store, "a")
    versions.write_digest(store, "a", digest_of(store, "a"))
    with pytest.raises(UnusableModel, match="is not the one that was judged"):
        deployment.promote(store, "a", expected=None, by="test", reason="", digest=judged)
    with pytest.raises(NotFound):
        store.get(CHAMPION)


def test_a_changed_version_can_be_deleted_and_published_again(store: ModelStore) -> None:
    publish(store, "a")
    promote(store, "b")
    tamper(store, "a")
    deletion.delete(store, "a", by="ann")
    with pytest.raises(NotFound):
        store.get(published_key("a"))
    publish(store, "a")
    assert deployment.promote_by_hand(store, "a", by="ann", reason="", force=True).version == "a"


def test_what_an_earlier_release_left_is_read_and_vouched_for_from_its_next_promotion_on(
    store: ModelStore, capsys: pytest.CaptureFixture[str]
) -> None:
    promote(store, "a", "b")
    forget(store, "a", "b")
    found, _ = deployment.read_champion(store)
    assert found.manifest_sha256 is serving.read_served_champion(store).manifest_sha256 is None
    assert versions.read_manifest(store, "b", found.manifest_sha256).version == "b"
    assert lines(capsys) == []
    deployment.rollback(store, by="ann", reason="complaints")
    [line] = lines(capsys)
    assert (line["level"], line["version"]) == ("WARNING", "a")
    assert "nothing vouched for a version so far" in line["message"]
    assert champion(store).manifest_sha256 == digest_of(store, "a")
    assert [entry.manifest_sha256 for entry in champion(store).history] == [None, None, digest_of(store, "a")]
    tamper(store, "a")
    with pytest.raises(UnusableModel, match=CHANGED):
        versions.read_manifest(store, "a")


def test_what_nothing_vouches_for_is_promoted_by_hand_with_force_only(store: ModelStore) -> None:
    promote(store, "b")
    publish(store, "a")
    store.delete(published_key("a"))
    with pytest.raises(Conflict, match=r"nothing vouches for the manifest of version a.*force promotes it"):
        deployment.promote_by_hand(store, "a", by="ann", reason="")
    assert deployment.promote_by_hand(store, "a", by="ann", reason="", force=True).version == "a"
    assert serving.read_published_digest(store, "a") == digest_of(store, "a")


@pytest.mark.parametrize("body", [b"{", b"[]", b"{}", b'{"manifest_sha256": null}', b"\xff", b"[" * 10**5])
def test_a_damaged_record_of_a_publication_vouches_for_nothing(store: ModelStore, body: bytes) -> None:
    publish(store, "a")
    store.put(published_key("a"), body)
    with pytest.raises(UnusableModel, match=r"registry/published/a\.json is damaged"):
        versions.read_manifest(store, "a")


@pytest.mark.parametrize("digest", [1, [], {}, True])
def test_a_digest_that_is_no_text_is_damage(store: ModelStore, digest: object) -> None:
    promote(store, "a")
    record = json.loads(store.get(CHAMPION).body)
    store.put(CHAMPION, json.dumps(record | {"manifest_sha256": digest}).encode())
    for read in (deployment.read_champion, serving.read_served_champion):
        with pytest.raises(UnusableModel, match=r"champion\.json is damaged"):
            read(store)


def test_of_two_who_publish_the_first_ones_manifest_is_vouched_for(store: ModelStore) -> None:
    first = publish(store, "a")
    second = first.model_copy(update={"notes": ["another run's"]})
    assert versions.write_manifest(store, second) == first
    assert serving.read_published_digest(store, "a") == digest_of(store, "a") == sha256(first.as_json())
