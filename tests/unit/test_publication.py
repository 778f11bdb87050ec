"""What a run that died left behind, and uploads that come too late or were taken back."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import onnx
import pytest

from functions.core import deletion, promotion, registry
from functions.core.comparison import read_holdout
from functions.core.store import Store
from tests.conftest import QUICK, TITANIC
from training import publication
from training.gate import Limits
from training.publication import Outcome, Upload, train_and_publish
from training.train import Trained

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
Publish = Callable[..., Outcome]


@pytest.fixture
def publish(store: Store, trained: Trained, monkeypatch: pytest.MonkeyPatch) -> Publish:
    """Publishes the shipped passengers. One training serves all tests: another would make the same bytes."""
    monkeypatch.setattr(publication, "train", lambda *_: trained)

    def run(at: datetime = NOON, limits: Limits | None = None) -> Outcome:
        upload = Upload("datasets/titanic.csv", at)
        return train_and_publish(store, upload, TITANIC, by="test", configuration=QUICK, limits=limits)

    return run


def version_of(outcome: Outcome) -> str:
    assert outcome.version is not None
    return outcome.version


def moved(model: bytes, attribute: str, by: float) -> bytes:
    """The graph `model` with the first number of an attribute of its trees moved."""
    graph = onnx.load_from_string(model)
    tree = next(node for node in graph.graph.node if node.op_type.startswith("TreeEnsemble"))
    next(part for part in tree.attribute if part.name == attribute).floats[0] += by
    body: bytes = graph.SerializeToString()
    return body


@pytest.mark.parametrize(
    ("left", "is_kept"),
    [
        # As another kind of processor would have made it: another last bit.
        (lambda model: moved(model, "class_weights", 1e-7), True),
        (lambda model: moved(model, "nodes_values", 1), False),
        (lambda _: b"junk", False),
    ],
)
def test_a_graph_left_behind_is_published_only_if_it_is_proven(
    store: Store, publish: Publish, trained: Trained, left: Callable[[bytes], bytes], is_kept: bool
) -> None:
    version = version_of(publish())
    for key in (promotion.CHAMPION, registry.manifest_key(version)):
        store.delete(key)
    leftover = left(trained.model)
    assert leftover != trained.model
    store.put(registry.model_key(version), leftover)
    store.put(registry.holdout_key(version), b"of another graph")
    again = publish()
    assert (again.status, again.version) == ("promoted", version)
    manifest = registry.read_manifest(store, version)
    assert registry.read_model(store, manifest) == (leftover if is_kept else trained.model)
    assert len(read_holdout(store, manifest).survived) == manifest.dataset.holdout_rows


def test_a_part_of_a_version_that_was_published_meanwhile_is_left_alone(
    store: Store, publish: Publish, trained: Trained
) -> None:
    version = version_of(publish())
    key = registry.model_key(version)
    kept = registry.write_part(store, version, key, b"mine", is_good=lambda _: False)
    assert kept == trained.model == store.get(key).body


@pytest.mark.parametrize("how", ["rolled back", "deleted"])
def test_a_version_taken_back_by_hand_does_not_come_back_by_itself(
    store: Store, publish: Publish, how: str
) -> None:
    version = version_of(publish())
    other = registry.read_manifest(store, version).model_copy(update={"version": "other"})
    registry.write_manifest(store, other)
    store.put(registry.model_key("other"), store.get(registry.model_key(version)).body)
    promotion.rollback(store, to="other", by="test", reason="complaints")
    if how == "deleted":
        deletion.delete(store, version, by="test")
        assert version not in registry.published(store)
    before = store.get(promotion.CHAMPION)
    again = publish(NOON + timedelta(days=1))
    assert again.status == ("already published" if how == "rolled back" else "published")
    assert again.decision.rule == ("first champion" if how == "rolled back" else "abandoned")
    assert store.get(promotion.CHAMPION) == before
    assert version in registry.published(store)


def test_a_manifest_without_its_model_is_published_again(store: Store, publish: Publish) -> None:
    version = version_of(publish())
    other = registry.read_manifest(store, version).model_copy(update={"version": "other"})
    registry.write_manifest(store, other)
    store.put(registry.model_key("other"), store.get(registry.model_key(version)).body)
    promotion.rollback(store, to="other", by="test", reason="complaints")
    # What a deletion leaves that comes between the two writes of a training that ends at this moment.
    store.delete(registry.holdout_key(version))
    store.delete(registry.model_key(version))
    again = publish()
    assert (again.status, again.decision.rule) == ("published", "abandoned")
    manifest = registry.read_manifest(store, version)
    assert registry.read_model(store, manifest)
    assert read_holdout(store, manifest).survived


def test_an_answer_holds_the_rule_and_every_number_behind_it(store: Store, publish: Publish) -> None:
    first = publish().answer()
    assert (first["status"], first["rule"], first["champion"]) == ("promoted", "first champion", None)
    assert first["numbers"]["roc_auc"] > first["limits"]["min_roc_auc"]
    again = publish().answer()
    assert again["status"] == "already published"
    assert first["reason"] in again["reason"]


def test_a_version_held_back_is_judged_again_under_other_limits(store: Store, publish: Publish) -> None:
    strict = Limits(min_roc_auc=0.99)
    assert publish(limits=strict).decision.rule == "floor: ROC AUC"
    assert publish().status == "promoted"


def test_a_version_that_lost_is_not_judged_again_under_the_same_limits(
    store: Store, publish: Publish
) -> None:
    version = version_of(publish())
    manifest = registry.read_manifest(store, version)
    lost = manifest.decision.model_copy(
        update={"promote": False, "champion": "other", "limits": Limits().model_dump()}
    )
    body = manifest.model_copy(update={"decision": lost}).model_dump_json().encode()
    store.put(registry.manifest_key(version), body)
    store.put(registry.manifest_key("other"), b"{}")
    store.delete(promotion.CHAMPION)
    promotion.promote(store, "other", over=None, by="test", reason="")
    assert publish().status == "already published"
    # The manifest of "other" is damaged, so a judge would have let this version pass.
    assert publish(limits=Limits(margin=0.5)).status == "promoted"
