"""What is shown of a version says where it comes from, and holds no row of anybody."""

from typing import Any

from functions.core.registry.keys import holdout_key
from functions.core.registry.manifest import Decision, Lineage, Manifest
from functions.core.storage.view import ModelStore
from functions.track.facts import files_of, read_facts
from functions.track.figures import draw_plots, measure_drift
from tests.support.versions import champion, facts, publish

LINEAGE = Lineage(
    reference_key="datasets/titanic/a.csv",
    reference_version_id="v1",
    reference_sha256="0" * 64,
    labels=50,
    reason="drift",
    champion="0" * 16,
)


def published(store: ModelStore, **changes: Any) -> Manifest:
    return publish(store, "a" * 16, **changes)


def test_tags_say_the_lineage_and_the_decision(store: ModelStore) -> None:
    held_back = Decision(promote=False, rule="margin", reason="x" * 9_000, champion="b" * 16)
    published(store, dataset=facts(lineage=LINEAGE), decision=held_back)
    tags = read_facts(store, "a" * 16).tags
    assert tags["lifeboat.lineage.labels"] == "50"
    assert tags["lifeboat.decision"] == "hold back"
    assert tags["lifeboat.decision.champion"] == "b" * 16
    assert len(tags["lifeboat.decision.reason"]) == 5_000
    assert not any(value == "None" for value in tags.values())


def test_names_of_the_gate_are_names_that_mlflow_takes(store: ModelStore) -> None:
    decision = Decision(promote=True, rule="x", reason="x", numbers={"sex = 'female' (%)": 0.5})
    published(store, decision=decision)
    assert read_facts(store, "a" * 16).metrics["gate.sex _ _female_ ___"] == 0.5


def test_rows_of_people_stay_in_the_store(copied: ModelStore) -> None:
    manifest = read_facts(copied, champion(copied).version).manifest
    assert {"holdout.json", "rows.json"} <= manifest.files.keys()
    names = {name for name, _ in files_of(copied, manifest)}
    assert names == {"manifest.json", *manifest.files} - {"holdout.json", "rows.json"}


def test_drift_is_measured_against_the_champion_that_the_version_was_judged_against(
    copied: ModelStore,
) -> None:
    first = champion(copied).version
    own = read_facts(copied, first)
    assert own.champion is None
    drift = measure_drift(own)
    # A sample of the same rows: the little that is by chance.
    assert drift.keys() == {*own.manifest.schema_of_rows.names, "probability"}
    assert max(drift.values()) < 0.1
    assert own.holdout is not None
    older = {**own.holdout.features, "age": [90.0] * len(own.holdout.outcome)}
    changed = own.holdout.model_copy(update={"features": older})
    judged = Decision(promote=True, rule="x", reason="x", champion=first)
    publish(copied, "b" * 16, decision=judged, holdout=changed)
    later = read_facts(copied, "b" * 16)
    assert later.champion == own.manifest
    assert measure_drift(later)["age"] > 1
    assert f"the champion&#x27;s rows ({first})" in draw_plots(later)["drift.svg"]


def test_a_holdout_that_is_gone_takes_its_plots_with_it_and_nothing_else(copied: ModelStore) -> None:
    version = champion(copied).version
    assert draw_plots(read_facts(copied, version)).keys() == {
        f"{name}.svg" for name in ("calibration", "confusion", "drift", "roc")
    }
    copied.delete(holdout_key(version))
    without = read_facts(copied, version)
    assert draw_plots(without).keys() == {"confusion.svg"}
    assert measure_drift(without) == {}
