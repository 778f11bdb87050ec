"""From a file to a proven model: refusals, split, metrics, export, certificate, gate."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from functions.core.base.errors import UnprovenModel, UnusableModel
from functions.core.schema.columns import to_columns
from functions.core.schema.passenger import FEATURES, Passenger
from functions.core.scoring.scorer import Scorer
from tests.conftest import QUICK, TITANIC, quiet
from training import dataset as datasets
from training import evaluation
from training.certificate import certify, edge_rows
from training.dataset import Dataset, RefusedDataset, holdout_rows, load_dataset
from training.evaluation import METRICS, calibration_error, intervals, log_loss_rows
from training.export import export, thresholds
from training.pipeline import SMALL_ROWS, candidates, fill_titles
from training.train import Configuration, Trained, reference, train, version_of


def write(tmp_path: Path, rows: list[str], header: str = "pclass,survived,sex,age") -> Path:
    path = tmp_path / "data.csv"
    path.write_text("\n".join([header, *rows]))
    return path


def good_rows(count: int) -> list[str]:
    return [f"{1 + row % 3},{row % 2},{'male' if row % 3 else 'female'},{row % 80}" for row in range(count)]


def test_the_shipped_passengers_are_all_there(titanic: Dataset) -> None:
    assert titanic.matrix.shape == (1309, len(FEATURES))
    assert titanic.survived.sum() == 500
    assert titanic.rejected == 0
    missing = dict(zip(FEATURES, np.isnan(titanic.matrix).sum(axis=0).tolist(), strict=True))
    assert (missing["age"], missing["fare"], missing["embarked"]) == (263, 1, 2)


def test_the_matrix_and_the_passengers_make_the_same_tensors() -> None:
    passengers = [
        Passenger(pclass=1, sex="female", age=0.5, title="Miss"),
        Passenger(pclass=3, sex="male", fare=7.25, embarked="Q", sibsp=2),
    ]
    ours, theirs = datasets.to_columns(datasets.to_matrix(to_columns(passengers))), to_columns(passengers)
    for name in FEATURES:
        np.testing.assert_array_equal(ours[name], theirs[name])
        assert ours[name].dtype == theirs[name].dtype
        assert ours[name].shape == (2, 1)


def test_a_row_keeps_its_side_in_every_dataset(titanic: Dataset) -> None:
    backwards = holdout_rows(titanic.matrix[::-1])
    np.testing.assert_array_equal(backwards[::-1], titanic.holdout)
    assert 0.15 < titanic.holdout.mean() < 0.25
    twins = {row.tobytes() for row in titanic.train[0]} & {row.tobytes() for row in titanic.judged[0]}
    assert not twins


@pytest.mark.parametrize(
    ("rows", "header", "reason"),
    [
        ([], "pclass,survived,sex,age", "no valid row"),
        (good_rows(40), "pclass,survived,gender,age", "no column sex"),
        (["1,1,male,3"] * 200, "pclass,survived,sex,age", "same outcome"),
        (good_rows(20), "pclass,survived,sex,age", "too few rows"),
        ([*good_rows(90), *["9,1,male,3"] * 10], "pclass,survived,sex,age", "10 of 100 rows are bad"),
    ],
)
def test_a_file_that_cannot_train_is_refused(
    tmp_path: Path, rows: list[str], header: str, reason: str
) -> None:
    with pytest.raises(RefusedDataset, match=reason):
        load_dataset(write(tmp_path, rows, header))


def test_the_report_names_the_first_hundred_bad_rows(tmp_path: Path) -> None:
    with pytest.raises(RefusedDataset) as refusal:
        load_dataset(write(tmp_path, [*good_rows(100), *["1,1,male,old"] * 150]))
    report = json.loads(refusal.value.report(key="datasets/x.csv"))
    assert report["key"] == "datasets/x.csv"
    assert report["rejected_rows"] == 150
    assert len(report["bad_rows"]) == 100
    assert report["bad_rows"][0] == {
        "line": 102,
        "column": "age",
        "reason": "Input should be a valid number",
    }


def test_a_few_bad_rows_are_left_out_and_counted(tmp_path: Path) -> None:
    found = load_dataset(write(tmp_path, [*good_rows(400), "1,1,male,old", "7,1,male,1"]))
    assert (len(found.survived), found.rejected) == (400, 2)


def marked(tmp_path: Path, marks: Iterable[object]) -> Path:
    """The shipped passengers, each with whether it is representative."""
    header, *rows = TITANIC.read_text(encoding="utf-8").splitlines()
    lines = [f"{row},{1 if mark else 0}" for row, mark in zip(rows, marks, strict=True)]
    path = tmp_path / "marked.csv"
    path.write_text("\n".join([f"{header},representative", *lines]), encoding="utf-8")
    return path


def test_rows_that_are_not_representative_are_fitted_on_and_never_measured_by(
    tmp_path: Path, titanic: Dataset
) -> None:
    marks = np.random.default_rng(0).random(1309) < 0.5
    found = load_dataset(marked(tmp_path, marks))
    np.testing.assert_array_equal(found.matrix, titanic.matrix)
    np.testing.assert_array_equal(found.holdout, titanic.holdout & marks)
    # A row's side is that of its twins, which may be representative: what could be held out is not fitted on.
    np.testing.assert_array_equal(found.fitted, ~titanic.holdout)
    trained = train(found, QUICK, quiet)
    assert {trained.reference[name].rows for name in FEATURES} == {marks.sum()}
    assert trained.reference["age"] == reference(titanic.matrix[marks], np.ones(1))["age"]
    assert trained.reference["probability"].rows == (titanic.holdout & marks).sum()
    assert sum(map(sum, trained.confusion)) == (titanic.holdout & marks).sum()


def test_marks_that_say_that_all_rows_are_representative_change_nothing(
    tmp_path: Path, titanic: Dataset, trained: Trained
) -> None:
    again = train(load_dataset(marked(tmp_path, [True] * 1309)), QUICK, quiet)
    assert again.model == trained.model
    assert (again.reference, again.metrics) == (trained.reference, trained.metrics)


def test_too_few_representative_rows_for_a_holdout_are_refused(tmp_path: Path, titanic: Dataset) -> None:
    [one, *_] = np.flatnonzero(titanic.holdout)
    path = marked(tmp_path, np.arange(1309) == one)
    with pytest.raises(
        RefusedDataset, match=r"holdout side has fewer than 2 .*; 1 of 1309 are representative"
    ):
        load_dataset(path)


def test_two_trainings_make_the_same_bytes(titanic: Dataset, trained: Trained) -> None:
    assert train(titanic, QUICK, quiet).model == trained.model


# Two seeds that put the names of the opsets into different orders in a set.
@pytest.mark.parametrize("seed", ["1", "6"])
def test_another_process_with_another_hash_seed_exports_the_same_bytes(seed: str, trained: Trained) -> None:
    script = (
        "import sys\nfrom tests.conftest import QUICK, TITANIC, quiet\n"
        "from training.dataset import load_dataset\nfrom training.train import train\n"
        "sys.stdout.buffer.write(train(load_dataset(TITANIC), QUICK, quiet).model)\n"
    )
    made = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONHASHSEED": seed},
        cwd=TITANIC.parents[2],
        stdout=subprocess.PIPE,
        check=True,
    )
    assert made.stdout == trained.model


def test_the_version_changes_with_what_the_model_is_made_from() -> None:
    versions = {version_of("a", QUICK), version_of("b", QUICK), version_of("a", Configuration(folds=3))}
    assert len(versions) == 3
    assert version_of("a", QUICK) == version_of("a", QUICK)


def test_the_trained_model_is_good_and_its_figures_hold_together(titanic: Dataset, trained: Trained) -> None:
    assert trained.metrics["roc_auc"].value > 0.8
    for metric in trained.metrics.values():
        assert metric.low <= metric.value <= metric.high or metric is trained.metrics["calibration_error"]
    assert sum(map(sum, trained.confusion)) == titanic.holdout.sum()
    assert trained.slices["sex=female"]["rows"] + trained.slices["sex=male"]["rows"] == titanic.holdout.sum()
    assert set(trained.selection) == set(candidates(1000))


@pytest.mark.parametrize("name", list(candidates(1000)))
def test_every_candidate_exports_to_a_graph_that_holds_its_certificate(name: str, titanic: Dataset) -> None:
    estimator = candidates(1000)[name].fit(*titanic.train)
    proof = certify(estimator, export(estimator), titanic.matrix)
    assert proof.rows == 1309
    assert proof.edge_rows > 1000
    assert proof.largest_difference <= proof.tolerance
    assert proof.label_flips == 0


def test_a_graph_with_one_threshold_moved_is_refused(titanic: Dataset, trained: Trained) -> None:
    model = onnx.load_from_string(trained.model)
    tree = next(node for node in model.graph.node if node.op_type.startswith("TreeEnsemble"))
    values = next(part for part in tree.attribute if part.name == "nodes_values")
    values.floats[0] += 1
    with pytest.raises(UnprovenModel, match="not published"):
        certify(trained.estimator, model.SerializeToString(), titanic.matrix)


def test_a_graph_that_answers_with_nan_is_refused(titanic: Dataset, trained: Trained) -> None:
    model = onnx.load_from_string(trained.model)
    tree = next(node for node in model.graph.node if node.op_type.startswith("TreeEnsemble"))
    weights = next(part for part in tree.attribute if part.name == "class_weights")
    weights.floats[0] = float("nan")
    with pytest.raises(UnprovenModel):
        certify(trained.estimator, model.SerializeToString(), titanic.matrix)


def test_thresholds_between_two_floats_are_proven_too() -> None:
    draw = np.random.default_rng(5)
    matrix = np.zeros((4000, len(FEATURES)), dtype=np.float32)
    # Two values one ulp apart: the only threshold that tells them apart is no float32.
    older = draw.random(4000) < 0.5
    matrix[:, 2] = np.where(older, np.nextafter(np.float32(30.1), np.float32(99)), np.float32(30.1))
    matrix[:, 5] = draw.lognormal(3, 1, 4000).astype(np.float32)
    survived = (draw.random(4000) < np.where(older, 0.8, 0.1)).astype(np.int64)
    for name, model in candidates(4000).items():
        estimator = model.fit(matrix, survived)
        assert certify(estimator, export(estimator), matrix).label_flips == 0, name


def test_edge_rows_stand_at_and_beside_every_threshold(titanic: Dataset, trained: Trained) -> None:
    splits = thresholds(trained.model)
    assert len(splits) > 100
    ages = edge_rows(titanic.matrix, splits)[:, 2]
    for beside in (splits, np.nextafter(splits, np.float32(1e9)), np.nextafter(splits, np.float32(-1e9))):
        assert np.isin(beside, ages).all()


def test_bytes_that_are_no_graph_of_a_passenger_are_unusable(trained: Trained) -> None:
    model = onnx.load_from_string(trained.model)
    model.graph.input[0].name = model.graph.node[3].input[0] = "another"
    stuck = onnx.load_from_string(trained.model)
    concat = next(node for node in stuck.graph.node if node.op_type == "Concat")
    concat.attribute[0].i = 0
    for body in (b"", b"junk", trained.model[:1000], model.SerializeToString(), stuck.SerializeToString()):
        with pytest.raises(UnusableModel):
            Scorer(body)


def test_a_category_never_seen_counts_as_missing(trained: Trained) -> None:
    columns = dict(to_columns([Passenger(pclass=2, sex="male", embarked=None)]))
    expected = Scorer(trained.model).run(columns).probability
    columns["embarked"] = np.array([["Atlantis"]], dtype=object)
    assert Scorer(trained.model).run(columns).probability == expected


def test_without_a_name_a_woman_and_a_man_stand_on_the_right_sides(trained: Trained) -> None:
    woman = Passenger(pclass=1, sex="female", age=29)
    man = Passenger(pclass=3, sex="male", age=30)
    assert Scorer(trained.model).score([woman, man]).label.tolist() == [1, 0]


def test_a_missing_title_is_guessed_right_nine_times_in_ten(titanic: Dataset) -> None:
    known = ~np.isnan(titanic.matrix[:, -1])
    blank = titanic.matrix.copy()
    blank[:, -1] = np.nan
    assert np.mean(fill_titles(blank)[known, -1] == titanic.matrix[known, -1]) > 0.9


def test_many_rows_leave_out_the_models_that_would_take_minutes() -> None:
    assert set(candidates(SMALL_ROWS + 1)) < set(candidates(SMALL_ROWS))


def test_the_reference_counts_every_row_of_the_dataset(titanic: Dataset) -> None:
    found = reference(titanic.matrix, np.linspace(0, 1, 200))
    assert list(found) == [*FEATURES, "probability"]
    assert {found[name].rows for name in FEATURES} == {1309}
    assert found["sex"].categories == ["female", "male"]
    assert found["sex"].counts == [466, 843, 0]
    assert found["embarked"].counts[-1] == 2
    assert found["age"].counts[-1] == 263
    assert found["probability"].counts == [20] * 10 + [0]


def test_the_reference_of_probabilities_is_that_of_rows_the_model_was_not_fitted_on(
    titanic: Dataset, trained: Trained
) -> None:
    assert trained.reference["probability"].rows == titanic.holdout.sum()


def test_log_loss_and_calibration_error_by_hand() -> None:
    survived = np.array([1, 0])
    assert log_loss_rows(survived, np.array([0.5, 0.5])).tolist() == pytest.approx([np.log(2)] * 2)
    assert np.isfinite(log_loss_rows(survived, np.array([0.0, 1.0]))).all()
    assert calibration_error(survived, np.array([1.0, 0.0])) == 0
    assert calibration_error(survived, np.array([0.8, 0.8])) == pytest.approx(0.3)


def test_roc_auc_and_brier_are_those_of_scikit_learn() -> None:
    survived, chances = holdout()
    for probability in (chances, chances.round(1), np.full(400, 0.5)):
        assert METRICS["roc_auc"](survived, probability) == pytest.approx(
            roc_auc_score(survived, probability)
        )
        assert METRICS["brier"](survived, probability) == pytest.approx(
            brier_score_loss(survived, probability)
        )


def test_an_interval_narrows_with_more_rows() -> None:
    draw = np.random.default_rng(0)
    chances = draw.random(4000)
    survived = (draw.random(4000) < chances).astype(np.int64)
    wide = intervals(survived[:100], chances[:100], draws=200)["brier"]
    narrow = intervals(survived, chances, draws=200)["brier"]
    assert narrow.high - narrow.low < wide.high - wide.low
    rare = np.zeros(30, dtype=np.int64)
    rare[0] = 1
    assert evaluation.intervals(rare, chances[:30], draws=50)["roc_auc"].value >= 0


def holdout(rows: int = 400) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(1)
    chances = draw.random(rows)
    return (draw.random(rows) < chances).astype(np.int64), chances


def test_the_shipped_file_is_where_the_command_line_looks() -> None:
    assert TITANIC.exists()
