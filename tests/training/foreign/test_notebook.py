"""`training.publish`: a classifier that somebody wrote, from a table or a DataFrame to a model in service."""

import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.svm import LinearSVC

import training
from functions.core.base.errors import InvalidInput, UnprovenModel
from functions.core.registry import deployment, versions
from functions.core.schema.columns import to_columns
from functions.core.schema.document.parsing import read_schema
from functions.core.schema.rows import RowReader
from functions.core.scoring.scorer import Scorer
from functions.core.storage.contract import Store
from functions.core.storage.view import SCHEMA as SCHEMA_KEY
from functions.core.storage.view import ModelStore
from tests.support.strangers import breast_cancer_table, churn_table
from training.publication.promotion import Outcome
from training.table.dataset import RefusedDataset
from training.table.schemas import infer

NUMBERS, WORDS, FLAG = ["Calls", "Monthly Charge"], ["Plan"], ["Paperless"]
Publish = Callable[..., Outcome]


@pytest.fixture
def customers_file(tmp_path: Path) -> Path:
    path = tmp_path / "customers.csv"
    path.write_text(churn_table(1_500))
    return path


@pytest.fixture
def tumours(tmp_path: Path) -> Path:
    path = tmp_path / "tumours.csv"
    path.write_text(breast_cancer_table())
    return path


@pytest.fixture
def publish(whole_store: Store, customers_file: Path) -> Publish:
    """Publishes a classifier of the customers of a CSV."""

    def run(estimator: Any, data: Any = customers_file, **options: Any) -> Outcome:
        return training.publish(
            estimator, data, **{"target": "churned", "name": "churn", "store": whole_store, **options}
        )

    return run


def positions(last: Any, *, words: Any = None, numbers: Any = None) -> Pipeline:
    """A pipeline that selects its columns by their positions, as one that takes arrays does."""
    numbers = numbers or make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    words = words or OneHotEncoder(handle_unknown="ignore")
    return make_pipeline(
        make_column_transformer((numbers, [0, 1]), (words, [2]), remainder="passthrough"), last
    )


def scored(store: Store, outcome: Outcome, **row: Any) -> float:
    """The probability that the published graph gives a row of a request."""
    part = ModelStore(store, "churn")
    assert outcome.version is not None
    manifest = versions.read_manifest(part, outcome.version)
    schema = manifest.schema_of_rows
    read = RowReader(schema).read(row)
    assert read.faults == []
    scorer = Scorer(versions.read_model(part, manifest), schema)
    return float(scorer.run(to_columns([read.values], schema)).probability[0])


def test_a_pipeline_of_arrays_becomes_a_model_in_service(whole_store: Store, publish: Publish) -> None:
    outcome = publish(positions(LogisticRegression()))
    assert (outcome.status, outcome.decision.rule) == ("promoted", "first champion")
    part = ModelStore(whole_store, "churn")
    assert outcome.version is not None
    manifest = versions.read_manifest(part, outcome.version)
    assert manifest.model == "LogisticRegression"
    assert manifest.metrics["roc_auc"].value > 0.7
    assert manifest.certificate.label_flips == 0
    assert manifest.certificate.edge_rows > 30
    assert "StandardScaler" in manifest.configuration["estimator"]
    assert deployment.read_champion(part)[0].by == "notebook"
    assert read_schema(part.get(SCHEMA_KEY).body).target.name == "Churned"
    row = {"Calls": 11, "Monthly Charge": 20, "Plan": "basic", "Paperless": True}
    assert scored(whole_store, outcome, **row) > scored(whole_store, outcome, **row | {"Calls": 0})
    assert 0 < scored(whole_store, outcome, **row | {"Monthly Charge": None}) < 1


def test_a_classifier_of_numbers_alone_takes_one_array(publish: Publish, tumours: Path) -> None:
    fitted = make_pipeline(StandardScaler(), LogisticRegression())
    outcome = publish(fitted, tumours, target="diagnosis")
    assert outcome.status == "promoted"
    # A copy was fitted, not what was handed in.
    assert not hasattr(fitted[-1], "coef_")


def test_the_same_classifier_twice_is_the_same_version(publish: Publish) -> None:
    first, again = (publish(positions(LogisticRegression())) for _ in range(2))
    assert (first.status, again.status) == ("promoted", "promoted")
    assert first.version == again.version
    other = publish(positions(LogisticRegression(C=0.5)))
    assert other.version != first.version


def test_a_model_can_be_published_without_being_promoted(whole_store: Store, publish: Publish) -> None:
    outcome = publish(positions(LogisticRegression()), promote=False)
    assert outcome.status == "published"
    part = ModelStore(whole_store, "churn")
    assert list(versions.published(part)) == [outcome.version]
    assert not list(part.list("registry/champion"))


def test_trees_that_take_numbers_as_they_are_hold_their_certificate(publish: Publish) -> None:
    for last in (
        HistGradientBoostingClassifier(max_iter=20),
        GradientBoostingClassifier(n_estimators=20, random_state=0),
    ):
        outcome = publish(positions(last, numbers=SimpleImputer(strategy="median")))
        assert outcome.version is not None, last


def test_trees_behind_a_scaler_are_refused_with_what_to_do(
    whole_store: Store, publish: Publish, tumours: Path
) -> None:
    trees = make_pipeline(StandardScaler(), HistGradientBoostingClassifier(max_iter=20))
    with pytest.raises(UnprovenModel, match=r"differ by .* in probability .* they need no scaler"):
        publish(trees, tumours, target="diagnosis")
    assert not list(whole_store.list("models/"))


def branches(numbers: Any) -> Pipeline:
    """A pipeline of tumours whose first two numbers go their own way."""
    columns = make_column_transformer((numbers, [0, 1]), remainder="passthrough")
    return make_pipeline(columns, StandardScaler(), LogisticRegression(max_iter=500))


def test_a_step_that_cannot_be_converted_is_named(publish: Publish, tumours: Path) -> None:
    logarithm = make_pipeline(FunctionTransformer(np.log1p), SimpleImputer())
    where = r"columntransformer > pipeline > functiontransformer \(FunctionTransformer\)"
    with pytest.raises(UnprovenModel, match=f"the step {where} cannot be converted to ONNX"):
        publish(branches(logarithm), tumours, target="diagnosis")


def test_a_step_that_is_converted_unfaithfully_is_named(
    publish: Publish, tumours: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As a converter would that has a fault: the graph lacks something of what the step does.
    fit = Pipeline.fit

    def spoil(self: Pipeline, *arguments: Any, **named: Any) -> Any:
        fitted = fit(self, *arguments, **named)
        if isinstance(self[-1], LogisticRegression):
            imputer = self[0].named_transformers_["pipeline"][0]
            imputer.transform = lambda rows: np.asarray(rows) + 1
        return fitted

    monkeypatch.setattr(Pipeline, "fit", spoil)
    with pytest.raises(UnprovenModel, match="the step columntransformer > pipeline is to blame"):
        publish(branches(make_pipeline(SimpleImputer())), tumours, target="diagnosis")


def test_a_classifier_that_fails_on_rows_that_may_be_asked_is_refused(
    publish: Publish, customers_file: Path
) -> None:
    document = dict(infer(customers_file, target="churned", name="churn").schema.document)
    document["fields"] = [
        field | {"constraints": field.get("constraints", {}) | {"required": False}}
        for field in document["fields"]
    ]
    columns = make_column_transformer((StandardScaler(), [0]), (OneHotEncoder(handle_unknown="ignore"), [2]))
    with pytest.raises(UnprovenModel, match=r"fails on rows that the schema allows.*NaN.*Impute what may be"):
        publish(make_pipeline(columns, LogisticRegression()), schema=document)


def test_what_is_no_classifier_with_probabilities_is_refused(publish: Publish) -> None:
    for estimator in (positions(LinearSVC()), StandardScaler()):
        with pytest.raises(InvalidInput, match="CalibratedClassifierCV"):
            publish(estimator)


def test_data_that_cannot_train_is_refused(publish: Publish, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="a DataFrame is wanted, or the path of a table; this is list"):
        publish(positions(LogisticRegression()), [[1, 2]])
    few = tmp_path / "few.csv"
    few.write_text(churn_table(20))
    with pytest.raises(RefusedDataset, match="too few rows"):
        publish(positions(LogisticRegression()), few)
    with pytest.raises(InvalidInput, match="target"):
        publish(positions(LogisticRegression()), target=None, name="customers")


def test_a_schema_can_be_given_in_any_way(whole_store: Store, publish: Publish, tmp_path: Path) -> None:
    first = publish(positions(LogisticRegression()))
    schema = read_schema(ModelStore(whole_store, "churn").get(SCHEMA_KEY).body)
    file = tmp_path / "schema.json"
    file.write_bytes(schema.as_json())
    for given in (schema, dict(schema.document), file, str(file)):
        assert publish(positions(LogisticRegression()), schema=given, target=None).version == first.version


def test_columns_by_name_need_pandas_for_a_file(publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    by_name = make_pipeline(make_column_transformer((SimpleImputer(), NUMBERS)), LogisticRegression())
    with pytest.raises(InvalidInput, match="pip install pandas"):
        publish(by_name)


def test_scikit_learn_is_not_loaded_before_it_is_needed() -> None:
    script = "import sys, training; assert not {'sklearn', 'numpy', 'onnx'} & sys.modules.keys()"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_threads_sleep_between_loops_unless_the_environment_says_otherwise() -> None:
    script = "import os, training; assert os.environ['OMP_WAIT_POLICY'] == {!r}"
    others = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    for given, expected in (({}, "passive"), ({"OMP_WAIT_POLICY": "active"}, "active")):
        command = [sys.executable, "-c", script.format(expected)]
        assert subprocess.run(command, env=others | given, check=False).returncode == 0


def test_features_may_be_called_as_the_outputs_are(publish: Publish, tmp_path: Path) -> None:
    file = tmp_path / "scores.csv"
    draw = np.random.default_rng(0)
    rows = [f"{label},{x},{int(label + x > 1)}\n" for label, x in draw.random((800, 2)).round(3)]
    file.write_text("label,probabilities,won\n" + "".join(rows))
    numbers = make_column_transformer((StandardScaler(), [0, 1]))
    outcome = publish(make_pipeline(numbers, LogisticRegression()), file, target="won")
    assert outcome.status == "promoted"


def customers() -> Any:
    """The customers as a DataFrame, with words that are missing."""
    pandas: Any = importlib.import_module("pandas")
    draw = np.random.default_rng(0)
    frame = pandas.DataFrame([line.split(",") for line in churn_table(1_500).splitlines()[1:]])
    frame.columns = churn_table(1).splitlines()[0].split(",")
    frame["Calls"] = frame["Calls"].astype(int)
    frame["Monthly Charge"] = pandas.to_numeric(frame["Monthly Charge"])
    frame["Paperless"] = frame["Paperless"] == "yes"
    cities: list[Any] = ["Bern", "Biel", None]
    frame["City"] = draw.choice(cities, len(frame))
    return frame


def test_a_frame_whose_columns_are_selected_by_name_becomes_a_model_in_service(
    whole_store: Store, publish: Publish
) -> None:
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), NUMBERS),
        # Told to impute NaN, it is told to impute "": a missing text has no other name here.
        (
            make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")),
            [*WORDS, "City"],
        ),
        ("passthrough", FLAG),
    )
    frame = customers()
    outcome = publish(make_pipeline(columns, LogisticRegression()), frame)
    assert outcome.status == "promoted"
    row = {"Calls": 11, "Monthly Charge": 20, "Plan": "basic", "Paperless": True}
    # The likelier of two cities stands in for a missing one.
    likeliest = frame["City"].mode()[0]
    missing, known = (scored(whole_store, outcome, **row, City=city) for city in (None, likeliest))
    assert missing == known


def test_columns_that_nothing_selects_are_inputs_all_the_same(whole_store: Store, publish: Publish) -> None:
    columns = make_column_transformer((OrdinalEncoder(), WORDS), ("passthrough", ["Calls"]))
    outcome = publish(make_pipeline(columns, HistGradientBoostingClassifier(max_iter=30)), customers())
    assert outcome.version is not None
    row = {"Calls": 11, "Monthly Charge": 20, "Plan": "basic", "Paperless": True, "City": "Bern"}
    assert scored(whole_store, outcome, **row) == scored(whole_store, outcome, **row | {"City": "Biel"})


def test_a_column_that_the_schema_ignores_cannot_be_selected(publish: Publish) -> None:
    columns = make_column_transformer((OneHotEncoder(), ["Customer ID"]))
    with pytest.raises(InvalidInput, match=r"Customer ID.*What the schema ignores is no feature"):
        publish(make_pipeline(columns, LogisticRegression()), customers())


def test_a_step_that_takes_texts_and_numbers_at_once_is_told_so(publish: Publish) -> None:
    # "yes" and "no" are texts in many a frame, and numbers for the model.
    words = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))
    columns = make_column_transformer((words, [*WORDS, *FLAG]))
    frame = customers()
    frame["Paperless"] = frame["Paperless"].map({True: "yes", False: "no"})
    said = r"\(SimpleImputer\), given texts and numbers at once \(numbers: Paperless; yes and no are 1 and 0"
    with pytest.raises(UnprovenModel, match=said):
        publish(make_pipeline(columns, LogisticRegression()), frame)
