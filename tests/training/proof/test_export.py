"""The graph: a tensor per feature goes in, whatever the features are called; the same estimator gives the
same bytes."""

from functools import cache

import numpy as np
import onnx
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from functions.core.scoring.scorer import Scorer
from tests.support.training_tables import field, loans, schema_of, tumours
from training.estimators.candidates import candidates
from training.estimators.gaps import fit
from training.proof.export import IR_VERSION, ML_OPSET, OPSET, export, thresholds
from training.table.matrix import Matrix, to_columns

NAMES = list(candidates([], 100))


def fit_on_loans(name: str) -> Pipeline:
    schema, matrix, labels = loans()
    return fit(candidates(schema.features, len(matrix))[name], matrix, labels, schema.features)


@cache
def fitted_on_loans(name: str) -> Pipeline:
    """The same, for tests that only look at it."""
    return fit_on_loans(name)


@pytest.mark.parametrize("name", NAMES)
def test_the_graph_says_what_the_estimator_says(name: str) -> None:
    schema, matrix, _ = loans()
    model = fitted_on_loans(name)
    scores = Scorer(export(model, schema), schema).run(to_columns(matrix, schema))
    expected = model.predict_proba(matrix)[:, 1]
    np.testing.assert_allclose(scores.probability, expected, atol=1e-6)
    np.testing.assert_array_equal(scores.label, expected > 0.5)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_estimator_gives_the_same_bytes(name: str) -> None:
    schema = loans().schema
    assert export(fitted_on_loans(name), schema) == export(fit_on_loans(name), schema)


def test_inputs_are_the_features_in_order_and_outputs_a_label_and_two_probabilities() -> None:
    schema = loans().schema
    graph = onnx.load_from_string(export(fitted_on_loans("gradient boosting"), schema))
    kinds = {node.name: node.type.tensor_type.elem_type for node in graph.graph.input}
    number, text = onnx.TensorProto.FLOAT, onnx.TensorProto.STRING
    assert kinds == {"income": number, "year": number, "rating": number, "owner": number, "purpose": text}
    assert list(kinds) == list(schema.names)
    assert [node.name for node in graph.graph.output] == ["label", "probabilities"]
    assert graph.ir_version == IR_VERSION
    assert {one.domain: one.version for one in graph.opset_import} == {"": OPSET, "ai.onnx.ml": ML_OPSET}


def test_features_may_be_called_as_the_outputs_are() -> None:
    schema = schema_of(
        field("label", "number"), field("probabilities", "string", enum=["a", "b"]), field("/label", "number")
    )
    matrix = np.array([[row % 7, row % 2, row % 3] for row in range(40)], dtype=np.float32)
    labels = (matrix[:, 0] > 3).astype(np.int64)
    for name in NAMES:
        model = fit(candidates(schema.features, 40)[name], matrix, labels, schema.features)
        scores = Scorer(export(model, schema), schema).run(to_columns(matrix, schema))
        np.testing.assert_allclose(scores.probability, model.predict_proba(matrix)[:, 1], atol=1e-6)


def test_a_word_that_is_no_category_counts_as_missing() -> None:
    schema, matrix, _ = loans()
    scorer = Scorer(export(fitted_on_loans("logistic regression"), schema), schema)
    matrix[:, 4] = np.nan
    missing = dict(to_columns(matrix, schema))
    unknown = missing | {"purpose": np.full_like(missing["purpose"], "a yacht")}
    np.testing.assert_array_equal(scorer.run(unknown).probability, scorer.run(missing).probability)


@pytest.mark.parametrize(
    "name", ["matrix", "variable", "/matrix", "//code_0", "classifier", "Concat", "ä ö.ü"]
)
def test_a_feature_may_have_the_name_of_what_is_inside_the_graph(name: str) -> None:
    schema = schema_of(field(name, "number"), field("kind", "string", enum=["a", "b"]))
    matrix, models = number_and_word()
    for model in models:
        scores = Scorer(export(model, schema), schema).run(to_columns(matrix, schema))
        np.testing.assert_allclose(scores.probability, model.predict_proba(matrix)[:, 1], atol=1e-6)


@cache
def number_and_word() -> tuple[Matrix, list[Pipeline]]:
    """A matrix of a number and a word, and each candidate fitted on it: a name is in none of them."""
    draw = np.random.default_rng(0)
    matrix = np.column_stack([draw.normal(size=80), draw.integers(0, 2, 80)]).astype(np.float32)
    labels = (matrix[:, 0] + matrix[:, 1] > 0.5).astype(np.int64)
    features = schema_of(field("number", "number"), field("kind", "string", enum=["a", "b"])).features
    return matrix, [fit(model, matrix, labels, features) for model in candidates(features, 80).values()]


def test_three_hundred_features_make_a_graph() -> None:
    kinds = [field(f"x{index}", "number") for index in range(290)]
    kinds += [field(f"c{index}", "string", enum=["a", "b", "c"]) for index in range(10)]
    schema = schema_of(*kinds)
    draw = np.random.default_rng(0)
    matrix = np.hstack([draw.normal(size=(150, 290)), draw.integers(0, 3, (150, 10))]).astype(np.float32)
    labels = (matrix[:, :20].sum(axis=1) > 0).astype(np.int64)
    model = fit(candidates(schema.features, 150)["logistic regression"], matrix, labels, schema.features)
    scores = Scorer(export(model, schema), schema).run(to_columns(matrix, schema))
    np.testing.assert_allclose(scores.probability, model.predict_proba(matrix)[:, 1], atol=1e-6)


def test_thresholds_are_told_for_each_column_that_is_split() -> None:
    schema, matrix, labels = tumours()
    boosting = candidates(schema.features, 569)["gradient boosting"]
    found = thresholds(export(fit(boosting, matrix, labels, schema.features), schema))
    used = {column for stage in boosting[-1].estimators_ for column in stage[0].tree_.feature if column >= 0}
    assert set(found) == used
    for column, values in found.items():
        assert (np.diff(values) > 0).all()
        assert matrix[:, column].min() <= values.min() <= values.max() <= matrix[:, column].max()
    assert thresholds(export(_of_someone().fit(matrix, labels), schema)) == {}


def test_a_pipeline_of_someone_else_that_was_fitted_on_a_matrix_is_exported() -> None:
    schema, matrix, labels = tumours()
    model = _of_someone().fit(matrix, labels)
    scores = Scorer(export(model, schema), schema).run(to_columns(matrix, schema))
    np.testing.assert_allclose(scores.probability, model.predict_proba(matrix)[:, 1], atol=1e-5)


def _of_someone() -> Pipeline:
    return Pipeline(
        [("fill", SimpleImputer()), ("scale", StandardScaler()), ("logistic", LogisticRegression())]
    )


def test_what_is_far_from_zero_and_varies_little_is_exact() -> None:
    schema = schema_of(field("moment", "number", required=True))
    draw = np.random.default_rng(0)
    seconds = draw.normal(size=500)
    matrix = (1.6e9 + 1e6 * seconds).astype(np.float32)[:, None]
    labels = (seconds + draw.logistic(size=500) > 0).astype(np.int64)
    for model in candidates(schema.features, 500).values():
        graph = export(fit(model, matrix, labels, schema.features), schema)
        scores = Scorer(graph, schema).run(to_columns(matrix, schema))
        np.testing.assert_allclose(scores.probability, model.predict_proba(matrix)[:, 1], atol=1e-6)
