"""LightGBM's trees in a graph: each branch as LightGBM takes it, at thresholds and for missing numbers."""

import pickle
import sys

import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from functions.core.base.errors import InvalidInput
from functions.core.schema.schema import Schema
from tests.support.training_tables import field, loans, schema_of
from training.estimators.boosted import Boosted
from training.estimators.gaps import fit
from training.proof.certificate import certify
from training.proof.export import export, thresholds
from training.table.matrix import Labels, Matrix, round_down


def awkward(rows: int) -> tuple[Matrix, Labels]:
    """Numbers whose middles float32 cannot hold, and of which the second is never missing."""
    draw = np.random.default_rng(0)
    matrix = (draw.normal(size=(rows, 3)) * [1e-3, 1, 1e6]).astype(np.float32)
    matrix[::7, 0] = np.nan
    score = np.nan_to_num(matrix[:, 0]) * 1e3 + matrix[:, 1] + matrix[:, 2] * 1e-6 + draw.normal(size=rows)
    return matrix, (score > 0).astype(np.int64)


NUMBERS = schema_of(*(field(name, "number") for name in "abc"))


@pytest.mark.parametrize("table", [loans(1500), (NUMBERS, *awkward(4000))])
def test_the_graph_agrees_with_lightgbm_on_every_edge(table: tuple[Schema, Matrix, Labels]) -> None:
    schema, matrix, labels = table
    estimator = fit(Pipeline([("model", Boosted())]), matrix, labels, schema.features)
    graph = export(estimator, schema)
    proof = certify(estimator, graph, matrix, schema)
    assert proof.largest_difference < 1e-6
    assert proof.label_flips == 0
    splits = [values for index, values in thresholds(graph).items() if schema.features[index].words is None]
    assert proof.edge_rows > 2 * sum(map(len, splits))


def test_numbers_that_lightgbm_takes_for_zero_go_its_way() -> None:
    matrix = np.array([[-1], [-1e-36], [0], [1e-36], [1e-35], [1e-34], [-1e-35], [1]] * 50, dtype=np.float32)
    schema = schema_of(field("a", "number"))
    for labels in (matrix[:, 0] < 0, matrix[:, 0] > 0, matrix[:, 0] == 0, np.abs(matrix[:, 0]) < 1e-34):
        model = Boosted(trees=5, min_leaf=1).fit(matrix, labels.astype(np.int64))
        estimator = Pipeline([("model", model)])
        certify(estimator, export(estimator, schema), matrix, schema)


def test_a_missing_number_goes_where_lightgbm_sends_it_though_none_was_missing_in_the_fit() -> None:
    matrix, labels = awkward(2000)
    schema = schema_of(*(field(name, "number", constraints={"required": True}) for name in "abc"))
    estimator = Pipeline([("model", Boosted(trees=20))]).fit(np.nan_to_num(matrix), labels)
    certify(estimator, export(estimator, schema), matrix, schema)


def test_its_thresholds_are_those_of_the_graph() -> None:
    matrix, labels = awkward(2000)
    estimator = Pipeline([("model", Boosted(trees=5))]).fit(matrix, labels)
    lines = [line for line in estimator[-1].model_.split("\n") if line.startswith("threshold=")]
    own = {float(value) for line in lines for value in line.removeprefix("threshold=").split()}
    splits = thresholds(export(estimator, NUMBERS)).values()
    assert own == {value.item() for values in splits for value in values}


def test_a_tree_without_a_split_says_the_same_of_all_rows() -> None:
    schema = schema_of(field("a", "number"))
    matrix, labels = np.zeros((100, 1), dtype=np.float32), np.arange(100) % 4 // 3
    estimator = Pipeline([("model", Boosted(trees=2))]).fit(matrix, labels)
    assert estimator.predict_proba(matrix)[:, 1] == pytest.approx(0.25)
    certify(estimator, export(estimator, schema), matrix, schema)


def test_the_same_rows_give_the_same_model_which_can_be_sent() -> None:
    matrix, labels = awkward(1000)
    first, second = (Boosted(trees=5).fit(matrix, labels) for _ in range(2))
    assert first.model_ == second.model_
    first.predict_proba(matrix)
    sent = pickle.loads(pickle.dumps(first))  # noqa: S301 # what was just written
    np.testing.assert_array_equal(sent.predict_proba(matrix), second.predict_proba(matrix))
    assert set(sent.predict(matrix)) == {0, 1}


def test_without_lightgbm_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(InvalidInput, match="make scale"):
        Boosted().fit(*awkward(100))


def test_a_number_is_rounded_down_to_what_float32_holds() -> None:
    exact = np.array([0.1, 1 / 3, -0.1, 1e300, 1.5, -1e300])
    rounded = round_down(exact)
    assert rounded.dtype == np.float32
    assert (rounded <= exact).all()
    with np.errstate(over="ignore"):
        assert (np.nextafter(rounded, np.float32(np.inf))[:5] > exact[:5]).all()
    assert rounded[3] == np.finfo(np.float32).max
