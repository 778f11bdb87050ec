"""The certificate: where graph and estimator are compared, and what it takes for a graph to be refused."""

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from functions.core.base.errors import UnprovenModel, UnusableModel
from functions.core.schema.schema import LARGEST
from tests.support.training_tables import field, loans, schema_of, tumours
from training.estimators.candidates import candidates
from training.estimators.gaps import fit
from training.proof import certificate
from training.proof.certificate import certify, edge_rows, edge_values, missing_patterns
from training.proof.export import export, thresholds
from training.table.matrix import Matrix

NAMES = list(candidates([], 100))


@pytest.mark.parametrize("name", NAMES)
def test_every_candidate_can_be_proven(name: str) -> None:
    for schema, matrix, labels in (loans(), tumours()):
        model = fit(candidates(schema.features, len(matrix))[name], matrix, labels, schema.features)
        proof = certify(model, export(model, schema), matrix, schema)
        assert proof.rows == len(matrix)
        assert proof.label_flips == 0
        assert proof.largest_difference <= 1e-6
        assert proof.patterns == ("all" if len(schema.features) == 5 else "covering sample")


def test_up_to_ten_features_every_pattern_of_missing_fields_is_among_the_edge_rows() -> None:
    schema, matrix, _ = loans()
    rows = edge_rows(matrix, missing_patterns(5), edge_values(matrix, schema.features, {}, 10_000))
    assert len(missing_patterns(10)) == 2**10
    assert {tuple(row) for row in np.isnan(rows).tolist()} >= {
        tuple(row) for row in missing_patterns(5).tolist()
    }
    assert len({tuple(row) for row in missing_patterns(5).tolist()}) == 2**5


def test_beyond_ten_features_a_sample_covers_each_alone_and_each_pair() -> None:
    patterns = missing_patterns(40)
    counts = patterns.sum(axis=1)
    assert (counts == 0).sum() == (counts == 40).sum() == 1
    assert (counts == 1).sum() == 40
    assert (counts == 2).sum() >= 780
    assert len(np.unique(patterns, axis=0)) == len(patterns)
    assert len(missing_patterns(1000)) < 4000


def test_each_split_is_tried_at_its_threshold_and_one_ulp_beside_it_in_its_own_column_only() -> None:
    schema, matrix, _ = loans()
    split = np.array([12_345.5], dtype=np.float32)
    values = edge_values(matrix, schema.features, {0: split}, 10_000)
    beside = {float(np.nextafter(split[0], np.float32(end))) for end in (-np.inf, np.inf)}
    assert {12_345.5, *beside} <= set(values[0].tolist())
    assert 12_345.5 not in values[1]


def test_extremes_are_those_of_the_data_and_beyond_the_bounds_of_the_schema() -> None:
    schema, matrix, _ = loans()
    values = edge_values(matrix, schema.features, {}, 10_000)
    assert {np.nanmin(matrix[:, 0]), np.nanmax(matrix[:, 0])} <= set(values[0])
    assert values[0].min() < 0
    assert values[0].max() > 1_000_000
    # Nothing bounds a year, so a request may have any number.
    assert values[1].max() == np.float32(LARGEST)
    assert values[2].tolist() == [1, 2, 5]
    assert values[3].tolist() == [0, 1]
    assert values[4].tolist() == [0, 1, 2, 3]


def test_of_too_many_thresholds_some_are_drawn_always_the_same() -> None:
    schema, matrix, _ = tumours()
    splits: dict[int, Matrix] = {0: np.arange(5000, dtype=np.float32), 3: np.arange(5000, dtype=np.float32)}
    first, again = (edge_values(matrix, schema.features, splits, 3000) for _ in range(2))
    assert 2000 < sum(map(len, first.values())) <= 3000
    assert min(len(first[0]), len(first[3])) > 500
    for index in first:
        np.testing.assert_array_equal(first[index], again[index])


def test_the_edge_rows_of_a_model_of_many_trees_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificate, "MAX_EDGE_ROWS", 4_000)
    schema, matrix, labels = loans(600)
    model = fit(candidates(schema.features, 600)["gradient boosting"], matrix, labels, schema.features)
    graph = export(model, schema)
    assert 3 * sum(map(len, thresholds(graph).values())) > 300
    assert certify(model, graph, matrix, schema).edge_rows <= 4_000 + certificate.UNSEEN_ROWS


def test_a_graph_that_differs_at_one_threshold_is_refused() -> None:
    schema, matrix, labels = loans()
    model = fit(candidates(schema.features, 400)["gradient boosting"], matrix, labels, schema.features)
    graph = onnx.load_from_string(export(model, schema))
    [trees] = [node for node in graph.graph.node if node.op_type.startswith("TreeEnsemble")]
    [values] = [one for one in trees.attribute if one.name == "nodes_values"]
    columns = next(list(one.ints) for one in trees.attribute if one.name == "nodes_featureids")
    modes = next(list(one.strings) for one in trees.attribute if one.name == "nodes_modes")
    node = next(index for index, mode in enumerate(modes) if mode != b"LEAF" and columns[index] == 0)
    values.floats[node] = float(np.nextafter(np.float32(values.floats[node]), np.float32(np.inf)))
    with pytest.raises(UnprovenModel, match="not published"):
        certify(model, graph.SerializeToString(), matrix, schema)


def test_a_graph_that_answers_no_number_is_refused() -> None:
    schema, matrix, labels = loans()
    model = fit(candidates(schema.features, 400)["logistic regression"], matrix, labels, schema.features)
    graph = onnx.load_from_string(export(model, schema))
    for constant in graph.graph.initializer:
        if (values := numpy_helper.to_array(constant)).shape[:1] == (2,) and values.ndim == 2:
            constant.CopyFrom(numpy_helper.from_array(np.full_like(values, np.nan), constant.name))
    with pytest.raises((UnprovenModel, UnusableModel)):
        certify(model, graph.SerializeToString(), matrix, schema)


def test_two_hundred_features_are_proven_within_the_bounds() -> None:
    schema = schema_of(*(field(f"x{index}", "number") for index in range(200)))
    draw = np.random.default_rng(0)
    matrix = draw.normal(size=(200, 200)).astype(np.float32)
    labels = (matrix[:, :5].sum(axis=1) > 0).astype(np.int64)
    model = fit(candidates(schema.features, 200)["logistic regression"], matrix, labels, schema.features)
    proof = certify(model, export(model, schema), matrix, schema)
    assert proof.patterns == "covering sample"
    assert proof.edge_rows < certificate.MAX_EDGE_CELLS / 200
