"""Shapley values: they add up, exact up to ten features, and estimated with a stated error beyond."""

import csv
import io
import itertools
import json
import time
from typing import Any

import numpy as np
import pytest

from functions.core.registry import deployment
from functions.core.registry.keys import manifest_key
from functions.core.schema.columns import Columns, from_values
from functions.core.scoring.explain import MAX_EXACT, MAX_ROWS, Explanation
from functions.core.scoring.explain import explain as explain_by
from functions.core.scoring.scorer import Scorer, Scores
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from tests.conftest import Call, Send
from tests.support.titanic import SCHEMA, columns_of, row
from tests.support.versions import overwrite_manifest
from training.model.evaluation import probabilities
from training.model.reference import BACKGROUND_ROWS
from training.model.train import Trained
from training.table.dataset import Dataset
from training.table.matrix import to_columns

WOMAN = {"pclass": 1, "sex": "female", "age": 29}
NAMES = list(SCHEMA.names)


def explain(columns: Columns, background: Columns, scorer: Scorer) -> Explanation:
    return explain_by(columns, background, scorer, NAMES)


@pytest.fixture(scope="module")
def scorer(trained: Trained) -> Scorer:
    return Scorer(trained.model, SCHEMA)


@pytest.fixture(scope="module")
def background(trained: Trained) -> Columns:
    return from_values(trained.background, SCHEMA)


@pytest.mark.parametrize("step", [pytest.param(1, marks=pytest.mark.long), 20], ids=["all", "some"])
def test_contributions_and_base_are_the_probability_on_every_row(
    titanic: Dataset, scorer: Scorer, background: Columns, step: int
) -> None:
    columns = to_columns(titanic.matrix[::step], SCHEMA)
    explanation = explain(columns, background, scorer)
    assert explanation.contributions.shape == (len(titanic.matrix[::step]), 8)
    assert not explanation.is_sampled
    probability = scorer.run(columns).probability
    assert np.abs(explanation.base + explanation.contributions.sum(axis=1) - probability).max() < 1e-6


def test_they_are_the_mean_over_all_orders_in_which_the_features_could_become_known(
    scorer: Scorer, background: Columns
) -> None:
    # Three features known at most: the others are as in the background, so that 3! orders say it all.
    man = columns_of([row(pclass=3, sex="male", age=40)])
    unknown = {name: tensor[:1] for name, tensor in background.items()}
    person = {name: man[name] if name in ("pclass", "sex", "age") else unknown[name] for name in NAMES}

    def worth(known: frozenset[str]) -> float:
        mixed = {name: (person if name in known else unknown)[name] for name in NAMES}
        return float(scorer.run(mixed).probability[0])

    expected = dict.fromkeys(NAMES, 0.0)
    orders = list(itertools.permutations(["pclass", "sex", "age"]))
    for order in orders:
        for place, name in enumerate(order):
            gain = worth(frozenset(order[: place + 1])) - worth(frozenset(order[:place]))
            expected[name] += gain / len(orders)
    [contributions] = explain(person, unknown, scorer).contributions
    assert contributions == pytest.approx([expected[name] for name in NAMES], abs=1e-9)


def test_what_is_like_the_background_needs_no_explanation(scorer: Scorer, background: Columns) -> None:
    unknown = {name: tensor[:1] for name, tensor in background.items()}
    explanation = explain(unknown, unknown, scorer)
    assert explanation.base == float(scorer.run(unknown).probability[0])
    assert np.abs(explanation.contributions).max() < 1e-12


def test_a_row_is_explained_the_same_alone_and_among_others(
    titanic: Dataset, scorer: Scorer, background: Columns
) -> None:
    columns = to_columns(titanic.matrix[:60], SCHEMA)
    alone = explain({name: tensor[41:42] for name, tensor in columns.items()}, background, scorer)
    among = explain(columns, background, scorer).contributions[41]
    assert np.abs(among - alone.contributions[0]).max() < 1e-12


def test_the_background_stands_for_the_training_rows(trained: Trained, titanic: Dataset) -> None:
    assert {len(values) for values in trained.background.values()} == {BACKGROUND_ROWS}
    background = from_values(trained.background, SCHEMA)
    base = float(Scorer(trained.model, SCHEMA).run(background).probability.mean())
    everybody = float(probabilities(trained.model, titanic.train[0], SCHEMA).mean())
    # Its rows hold gaps of their own, so it is near the mean of all, not at it.
    assert base == pytest.approx(everybody, abs=0.03)


class Formula:
    """A graph of any number of features whose Shapley values are known: products of neighbours, and sums."""

    def __init__(self, features: int) -> None:
        self.names = [f"x{number}" for number in range(features)]
        self.rows = 0
        self._weights = np.random.default_rng(features).normal(size=features)

    def run(self, columns: Columns) -> Scores:
        values = np.hstack([columns[name] for name in self.names]).astype(np.float64)
        self.rows += len(values)
        odds = (
            values @ self._weights / len(self.names)
            + values[:, 0] * values[:, 1]
            - values[:, 2] * values[:, 3]
        )
        probability = 1 / (1 + np.exp(-odds))
        return Scores((probability > 0.5).astype(np.int64), probability.astype(np.float32))

    def draw(self, rows: int, seed: int) -> Columns:
        values = np.random.default_rng(seed).normal(size=(rows, len(self.names))).astype(np.float32)
        return {name: values[:, [index]] for index, name in enumerate(self.names)}


def test_what_a_row_has_in_common_with_the_background_is_not_run_again() -> None:
    graph = Formula(6)
    columns, background = graph.draw(1, seed=1), graph.draw(8, seed=2)
    alike = {name: columns[name] if name in ("x1", "x4") else background[name][:1] for name in graph.names}
    explanation = explain_by(columns, alike, graph, graph.names)
    assert graph.rows == 1 + 2**4
    assert explanation.contributions[0, [1, 4]] == pytest.approx([0, 0], abs=1e-12)
    total = explanation.base + explanation.contributions.sum()
    assert total == pytest.approx(float(graph.run(columns).probability[0]), abs=1e-6)


def test_texts_and_missing_fields_that_a_row_shares_with_the_background_are_not_run_again(
    scorer: Scorer, background: Columns
) -> None:
    runs: list[int] = []

    class Counted:
        def run(self, columns: Columns) -> Scores:
            runs.append(len(columns["age"]))
            return scorer.run(columns)

    person = columns_of([row(pclass=3, sex="male", age=None)])
    other = columns_of([row(pclass=1, sex="male", age=None)])
    explanation = explain_by(person, other, Counted(), NAMES)
    # The background, and behind it the person with and without the class.
    assert runs == [1, 2]
    differs = NAMES.index("pclass")
    assert np.count_nonzero(explanation.contributions.round(12)) == 1
    assert explanation.contributions[0, differs] < 0


def test_estimates_lie_as_near_the_exact_values_as_their_standard_errors_say(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    graph = Formula(MAX_EXACT)
    columns, background = graph.draw(20, seed=1), graph.draw(8, seed=2)
    exact = explain_by(columns, background, graph, graph.names).contributions
    monkeypatch.setattr("functions.core.scoring.explain.MAX_EXACT", 3)
    sampled = explain_by(columns, background, graph, graph.names)
    assert sampled.is_sampled
    away = np.abs(sampled.contributions - exact) / sampled.standard_errors
    # Of normal errors 68 % lie within one, and 99.7 % within three.
    assert np.mean(away < 1) > 0.55
    assert np.mean(away < 3) > 0.97
    assert sampled.standard_errors.max() < 0.01


@pytest.mark.parametrize("features", [MAX_EXACT + 1, 30, 100])
def test_many_features_are_explained_at_a_bounded_cost(features: int) -> None:
    graph = Formula(features)
    columns, background = graph.draw(2, seed=1), graph.draw(8, seed=2)
    began = time.process_time()
    explanation = explain_by(columns, background, graph, graph.names)
    assert time.process_time() - began < 5
    assert graph.rows <= 2 * MAX_ROWS + 100
    probability = graph.run(columns).probability
    assert np.abs(explanation.base + explanation.contributions.sum(axis=1) - probability).max() < 1e-6
    assert (explanation.standard_errors > 0).all()
    again = explain_by({name: tensor[1:] for name, tensor in columns.items()}, background, graph, graph.names)
    assert again.contributions[0] == pytest.approx(explanation.contributions[1], abs=1e-12)


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


@pytest.mark.parametrize(
    "damage",
    [
        {},
        {"age": [1.0]},
        {name: ["x"] for name in NAMES},
        dict.fromkeys(NAMES, 1),
        {key: [] for key in NAMES},
        {key: [None] for key in NAMES} | {"age": [1.0, 2.0]},
        {key: [None] for key in NAMES} | {"age": [1e39]},
        {key: [None] for key in NAMES} | {"age": [10**400]},
        {key: [None] for key in NAMES} | {"sex": ["none"]},
    ],
)
def test_a_version_with_a_damaged_background_scores_and_explains_nothing(
    call: Call, published: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, damage: dict[str, Any]
) -> None:
    store = FolderStore(str(tmp_path))
    for entry in FolderStore(str(published)).list(""):
        store.put(entry.key, FolderStore(str(published)).get(entry.key).body)
    view = ModelStore(store, "titanic")
    version = deployment.read_champion(view)[0].version
    manifest = json.loads(view.get(manifest_key(version)).body)
    overwrite_manifest(view, version, json.dumps(manifest | {"background": damage}).encode())
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path))
    assert call("POST", "/predict", json.dumps(WOMAN))[0] == 200
    status, answer = call("POST", "/predict", json.dumps(WOMAN), query="explain=true")
    assert (status, answer["code"]) == (503, "UNUSABLE_MODEL")
    assert "without a background for explanations" in answer["error"]
