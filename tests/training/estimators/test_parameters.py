"""What is written down of how an estimator is set."""

import pytest
from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from tests.support.training_tables import loans
from training.estimators.candidates import candidates
from training.estimators.parameters import MAX_CHARACTERS, MAX_ITEMS, parameters_of

OTHERS = [
    make_pipeline(StandardScaler(), LogisticRegression(class_weight={0: 1.0, 1: 2.5})),
    VotingClassifier([("forest", RandomForestClassifier(max_depth=3)), ("line", LogisticRegression())]),
    make_pipeline(FunctionTransformer(kw_args={"columns": (1,)}, validate=True), RandomForestClassifier()),
    OneHotEncoder(categories=[["a", "b"], ("c",)], min_frequency=float("nan")),
]


@pytest.mark.parametrize("estimator", [*candidates(loans(10)[0].features, 5_000).values(), *OTHERS])
def test_an_estimator_is_described_as_scikit_learn_prints_it(estimator: BaseEstimator) -> None:
    printed = " ".join(estimator.__repr__(N_CHAR_MAX=MAX_CHARACTERS).split())
    assert parameters_of(estimator)["estimator"] == printed


def test_each_setting_that_is_one_value_goes_by_its_name() -> None:
    parameters = parameters_of(make_pipeline(StandardScaler(), LogisticRegression(C=0.5)))
    assert parameters["logisticregression__C"] == 0.5
    assert parameters["standardscaler__with_mean"] is True
    assert "steps" not in parameters


def test_of_a_long_list_the_first_items_are_written_down() -> None:
    encoder = OneHotEncoder(categories=[list(range(MAX_ITEMS + 1))])
    assert f"{MAX_ITEMS - 1}, ...]])" in str(parameters_of(encoder)["estimator"])


def test_a_text_that_is_too_long_is_cut_in_its_middle() -> None:
    encoder = OneHotEncoder(categories=[["x" * MAX_CHARACTERS]], min_frequency=7)
    text = str(parameters_of(encoder)["estimator"])
    assert len(text) == MAX_CHARACTERS + len("...")
    assert text.startswith("OneHotEncoder(categories=[['xx")
    assert text.endswith("min_frequency=7)")
