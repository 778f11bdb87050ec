"""Shapley values: they add up, they are exact, and they are fair."""

import csv
import io
import itertools
import json

import numpy as np
import pytest

from functions.core.base.errors import UnusableModel
from functions.core.registry import deployment, versions
from functions.core.schema.columns import Columns, from_values, to_columns
from functions.core.scoring.scorer import Scorer
from functions.core.storage.folder import FolderStore
from functions.predict.explain import background_of, explain
from tests.conftest import Call, Send
from training import dataset as datasets
from training.dataset import Dataset
from training.train import BACKGROUND_ROWS, Trained

WOMAN = {"pclass": 1, "sex": "female", "age": 29}
NAMES = list(FEATURES)


@pytest.fixture(scope="module")
def scorer(trained: Trained) -> Scorer:
    return Scorer(trained.model)


@pytest.fixture(scope="module")
def background(trained: Trained) -> Columns:
    return from_values(trained.background)


def test_contributions_and_base_are_the_probability_on_every_row(
    titanic: Dataset, scorer: Scorer, background: Columns
) -> None:
    columns = datasets.to_columns(titanic.matrix)
    found = explain(columns, background, scorer)
    assert found.contributions.shape == (1309, 8)
    probability = scorer.run(columns).probability
    assert np.abs(found.base + found.contributions.sum(axis=1) - probability).max() < 1e-6


def test_they_are_the_mean_over_all_orders_in_which_the_features_could_become_known(
    scorer: Scorer, background: Columns
) -> None:
    # Three features known at most: the others are as in the background, so that 3! orders say it all.
    man = to_columns([Passenger(pclass=3, sex="male", age=40)])
    one = {name: tensor[:1] for name, tensor in background.items()}
    person = {name: man[name] if name in ("pclass", "sex", "age") else one[name] for name in NAMES}

    def worth(known: frozenset[str]) -> float:
        row = {name: (person if name in known else one)[name] for name in NAMES}
        return float(scorer.run(row).probability[0])

    expected = dict.fromkeys(NAMES, 0.0)
    orders = list(itertools.permutations(["pclass", "sex", "age"]))
    for order in orders:
        for at, name in enumerate(order):
            gain = worth(frozenset(order[: at + 1])) - worth(frozenset(order[:at]))
            expected[name] += gain / len(orders)
    [found] = explain(person, one, scorer).contributions
    assert found == pytest.approx([expected[name] for name in NAMES], abs=1e-9)


def test_who_is_like_the_background_needs_no_explanation(scorer: Scorer, background: Columns) -> None:
    one = {name: tensor[:1] for name, tensor in background.items()}
    found = explain(one, one, scorer)
    assert found.base == float(scorer.run(one).probability[0])
    assert np.abs(found.contributions).max() < 1e-12


def test_a_row_is_explained_the_same_alone_and_among_others(
    titanic: Dataset, scorer: Scorer, background: Columns
) -> None:
    columns = datasets.to_columns(titanic.matrix[:60])
    alone = explain({name: tensor[41:42] for name, tensor in columns.items()}, background, scorer)
    among = explain(columns, background, scorer).contributions[41]
    assert np.abs(among - alone.contributions[0]).max() < 1e-12


def test_the_background_stands_for_the_training_rows(trained: Trained, titanic: Dataset) -> None:
    assert {len(values) for values in trained.background.values()} == {BACKGROUND_ROWS}
    scorer = Scorer(trained.model)
    base = float(scorer.run(from_values(trained.background)).probability.mean())
    everybody = float(scorer.run(datasets.to_columns(titanic.train[0])).probability.mean())
    assert base == pytest.approx(everybody, abs=0.02)


def test_an_answer_carries_its_explanation_when_asked(call: Call, send: Send) -> None:
    status, answer = call("POST", "/predict", json.dumps(WOMAN), query="explain=true")
    assert status == 200
    explanation = answer["explanation"]
    total = explanation["base_probability"] + sum(explanation["contributions"].values())
    assert total == pytest.approx(answer["probability"], abs=1e-6)
    assert list(explanation["contributions"]) == NAMES
    _, batch = call("POST", "/predict/batch", json.dumps({"passengers": [WOMAN]}), query="explain=true")
    assert batch["predictions"][0]["explanation"] == explanation
    table = send(
        "POST",
        "/predict/batch",
        json.dumps({"passengers": [WOMAN]}),
        query="explain=true",
        headers={"accept": "text/csv"},
    )["body"]
    [row] = csv.DictReader(io.StringIO(table))
    assert float(row["contribution_sex"]) == explanation["contributions"]["sex"]
    assert float(row["base_probability"]) == explanation["base_probability"]
    assert "explanation" not in call("POST", "/predict", json.dumps(WOMAN))[1]


def test_a_version_without_a_background_says_so(published: str) -> None:
    store = FolderStore(published)
    manifest = versions.read_manifest(store, deployment.read_champion(store)[0].version)
    with pytest.raises(UnusableModel, match="background"):
        background_of(manifest.model_copy(update={"background": {}}))
