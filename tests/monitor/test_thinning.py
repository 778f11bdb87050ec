"""Labels given because a prediction was uncertain: they are learned from, and nothing is measured by them."""

import csv
import hashlib
import io
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from functions.core.predictions.records import Reading, objects
from functions.core.registry import deployment
from functions.core.registry.manifest import Lineage, Manifest
from functions.core.stats.distributions import of_numbers
from functions.core.stats.records import Tally
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from functions.feedback.sampling import choose
from functions.monitor.dataset import Built, build_dataset
from functions.monitor.labelled import Labelled
from functions.monitor.thinning import representative
from tests.monitor.monitoring import HOUR, NOW, UPLOADED_FULL, monitor, serve, watched
from tests.support.production import SOMEBODY, champion_of, label
from tests.support.titanic import MODEL
from tests.support.training import publish


@pytest.fixture
def store(published: Path, tmp_path: Path) -> ModelStore:
    return watched(published, tmp_path)


@pytest.fixture
def champion(store: ModelStore) -> Manifest:
    """One whose bins of probability are a tenth wide."""
    manifest = champion_of(store)
    bins = of_numbers(np.linspace(0, 1, 101))
    return manifest.model_copy(update={"reference": manifest.reference | {"probability": bins}})


def labelled(manifest: Manifest, per_bin: list[int], *, seed: int = 0) -> list[Labelled]:
    """So many labelled predictions in each bin, with ids that are the same each time."""
    random = np.random.default_rng(seed)
    return [
        Labelled(
            f"{random.integers(16**6):06x}", manifest.version, bin_ / 10 + 0.05, {**SOMEBODY}, True, "a test"
        )
        for bin_, count in enumerate(per_bin)
        for _ in range(count)
    ]


def kept(manifest: Manifest, labels: list[Labelled], predictions: list[int]) -> list[int]:
    """How many of each bin are kept where so many predictions of each were counted."""
    found = representative(manifest, labels, [Tally(counts=[*predictions, 0])])
    bins = [int(one.probability * 10) for one, is_kept in zip(labels, found, strict=True) if is_kept]
    return [bins.count(bin_) for bin_ in range(10)]


TRAFFIC = [300, 200, 100, 80, 60, 40, 50, 70, 40, 60]


def test_what_is_kept_has_the_shares_of_the_traffic(champion: Manifest) -> None:
    # As the queue has them labelled: most are uncertain, and of each of the others there are some.
    found = kept(champion, labelled(champion, [30, 20, 12, 15, 60, 40, 50, 17, 12, 10]), TRAFFIC)
    # A tenth of the traffic, which takes all labels there are of the first two bins.
    assert found == [30, 20, 10, 8, 6, 4, 5, 7, 4, 6]


def test_where_all_predictions_are_labelled_all_are_kept(champion: Manifest) -> None:
    assert kept(champion, labelled(champion, TRAFFIC), TRAFFIC) == TRAFFIC


@pytest.mark.parametrize(
    ("labels", "predictions", "expected"),
    [
        # Of the second bin nothing is labelled: nothing stands for it, and the others do not wait for it.
        ([9, 0, 3], [60, 500, 20], [9, 0, 3]),
        # Outcomes of predictions made before the counting began: there is no traffic for them to be like.
        ([5, 5, 5], [40, 0, 20], [5, 0, 2]),
        ([5, 5, 5], [0, 0, 0], [0, 0, 0]),
        ([0, 0, 0], [40, 10, 20], [0, 0, 0]),
    ],
)
def test_a_bin_without_labels_or_without_predictions_is_left_out(
    champion: Manifest, labels: list[int], predictions: list[int], expected: list[int]
) -> None:
    found = kept(champion, labelled(champion, labels), [*predictions, *[0] * 7])
    assert found == [*expected, *[0] * 7]


def test_the_same_are_kept_each_time_and_mostly_when_the_counts_have_moved(champion: Manifest) -> None:
    labels = labelled(champion, [60] * 10)
    before = representative(champion, labels, [Tally(counts=[*TRAFFIC, 0])])
    assert representative(champion, labels, [Tally(counts=[*TRAFFIC, 0])]) == before
    backwards = representative(champion, labels[::-1], [Tally(counts=[*TRAFFIC, 0])])
    assert backwards[::-1] == before
    moved = representative(champion, labels, [Tally(counts=[300, *[count + 15 for count in TRAFFIC[1:]], 0])])
    # There is more traffic in every bin but the first: more are kept, and all that were.
    assert sum(moved) > sum(before)
    assert all(after for was, after in zip(before, moved, strict=True) if was)


def test_those_of_which_only_a_share_is_logged_are_thinned_like_all(champion: Manifest) -> None:
    # A share of a sixteenth logs the ids that end in 0fffff or less.
    labels = [
        replace(one, prediction_id=f"0{one.prediction_id[1:]}") for one in labelled(champion, [60] * 10)
    ]
    assert kept(champion, labels, TRAFFIC) == [60, 40, 20, 16, 12, 8, 10, 14, 8, 12]


def test_what_another_version_answered_stands_for_nothing(champion: Manifest) -> None:
    own, others = labelled(champion, [10] * 10), labelled(champion, [90] * 10, seed=1)
    others = [replace(one, version="0" * 16) for one in others]
    found = representative(champion, others + own, [Tally(counts=[*[50] * 10, 0])])
    assert found == [False] * 900 + [True] * 100


def test_no_labels_no_marks(champion: Manifest) -> None:
    assert representative(champion, [], [Tally(counts=[*TRAFFIC, 0])]) == []


def test_which_rows_are_marked_is_no_reason_to_train_anew(store: ModelStore) -> None:
    outcomes = serve(store, 60)
    for id_ in [*outcomes][::2]:
        label(store, id_, outcomes[id_])
    made = monitor(store, requested=True).training
    assert made.outcome == "uploaded"
    # More traffic of other probabilities, and no other label.
    serve(store, 200, older=40, seed=1)
    again = monitor(store, NOW + 2 * HOUR, requested=True).training
    assert (again.outcome, again.dataset) == ("unchanged", made.dataset)


def test_rows_that_people_marked_stay_marked(store: ModelStore) -> None:
    body = b"pclass,sex,survived,representative\n1,male,0,1\n2,female,1,0\n3,male,0,1\n"
    store.put("datasets/marked.csv", body)
    manifest = champion_of(store)
    facts = {"key": "datasets/titanic/marked.csv", "sha256": hashlib.sha256(body).hexdigest()}
    manifest = manifest.model_copy(update={"dataset": manifest.dataset.model_copy(update=facts)})
    made = build_dataset(store, manifest, [], [Tally(counts=[0])], "request")
    rows = [*csv.DictReader(io.StringIO(made.body.decode()))]
    assert [row["representative"] for row in rows] == ["1", "0", "1"]


def built_after(store: ModelStore, key: str) -> Built:
    """A dataset of the champion's rows and another label, where the champion was made from such a dataset."""
    manifest = champion_of(store)
    made_of = Lineage(
        reference_key=UPLOADED_FULL,
        reference_version_id=None,
        reference_sha256=manifest.dataset.sha256,
        labels=1,
        reason="request",
        champion="0" * 16,
    )
    facts = manifest.dataset.model_copy(update={"key": store.full(key), "lineage": made_of})
    rows = [Labelled("another", "0" * 16, 0.5, {**SOMEBODY}, True, "a test")]
    return build_dataset(store, manifest.model_copy(update={"dataset": facts}), rows, [], "request")


def test_a_dataset_without_marks_has_none_to_keep(store: ModelStore) -> None:
    # As the release before made them.
    store.put("datasets/labelled-0.csv", b"pclass,sex,survived,prediction_id\n1,male,0,another\n")
    built = built_after(store, "datasets/labelled-0.csv")
    assert built.body.splitlines()[-1].endswith(b",1,0,unknown,another")


def test_that_nobody_knows_what_the_champion_was_measured_by_is_logged(
    store: ModelStore, capsys: pytest.CaptureFixture[str]
) -> None:
    built = built_after(store, "datasets/labelled-gone.csv")
    assert built.body.splitlines()[-1].endswith(b",1,0,unknown,another")
    logged = capsys.readouterr().out
    assert "was measured by are not known any more" in logged
    assert "datasets/titanic/labelled-gone.csv" in logged


def test_after_a_retrain_on_uncertain_predictions_clean_traffic_is_clean_by_the_marked_rows_alone(
    store: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The same ids each time, so that the same predictions are kept.
    monkeypatch.setattr(os, "urandom", np.random.default_rng(0).bytes)
    outcomes = serve(store, 2_000)
    records = Reading((store.get(entry.key).body for entry in objects(store, NOW, NOW)), MODEL)
    for record, _ in choose([*records], 700, share=0.25):
        # By an administrator: of another key only so many would count.
        label(store, record.prediction_id, outcomes[record.prediction_id], vouched=True)
    key = monitor(store, requested=True).training.dataset
    assert key is not None
    rows = [*csv.DictReader(io.StringIO(store.get(store.relative(key)).body.decode()))]
    labels = [row["representative"] for row in rows if row["prediction_id"]]
    assert len(labels) == 700
    assert 50 < labels.count("1") < 350
    shutil.copytree(tmp_path / "store", tmp_path / "other")
    other = ModelStore(FolderStore(str(tmp_path / "other")), MODEL)
    assert drifted_after(store, key, rows, tmp_path) == []
    # Where all labels count, the model is thought to be unsure more often than it is.
    all_marked = [row | {"representative": "1"} for row in rows]
    assert drifted_after(other, key, all_marked, tmp_path) == ["probability"]


def drifted_after(store: ModelStore, key: str, rows: list[dict[str, str]], folder: Path) -> list[str]:
    """What has drifted in clean traffic that is served by a model of these rows."""
    path = folder / "made.csv"
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)
    version = publish(store, path, store.relative(key)).version
    assert version is not None
    if champion_of(store).version != version:
        deployment.promote_by_hand(store, version, by="test", reason="a test", force=True)
    serve(store, 2_000, seed=1)
    drift = monitor(store).drift
    assert drift is not None
    return drift.drifted
