"""What a model goes by, over a sample of the rows that it never saw."""

from typing import Any

import numpy as np
import pytest

from functions.core.base.errors import UnsoundAnswer
from functions.core.schema.columns import from_values
from functions.core.scoring.explain import explain
from functions.core.scoring.scorer import Scorer
from tests.support.titanic import SCHEMA
from training.model import reference as references
from training.model.reference import mean_contributions
from training.model.train import Trained
from training.table.dataset import Dataset
from training.table.matrix import to_columns


def test_mean_contributions_are_those_of_single_explanations(titanic: Dataset, trained: Trained) -> None:
    rows = titanic.matrix[titanic.sample(5)]
    known = mean_contributions(trained.model, rows, trained.background, SCHEMA)
    assert known is not None
    assert (known.rows, known.is_sampled) == (5, False)
    scorer, unknown = Scorer(trained.model, SCHEMA), from_values(trained.background, SCHEMA)
    single = [explain(to_columns(rows[[row]], SCHEMA), unknown, scorer, SCHEMA.names) for row in range(5)]
    means = np.abs(np.concatenate([explanation.contributions for explanation in single])).mean(axis=0)
    assert known.mean_absolute == pytest.approx(dict(zip(SCHEMA.names, means, strict=True)), rel=1e-9)
    assert known.base_probability == single[0].base


def test_of_too_many_features_no_contributions_are_told(
    titanic: Dataset, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(references, "MAX_EXPLAINED_FEATURES", 7)
    assert mean_contributions(trained.model, titanic.matrix, trained.background, SCHEMA) is None


def test_a_graph_that_answers_no_probability_fails_no_training(
    titanic: Dataset, trained: Trained, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unsound(*_: Any) -> None:
        raise UnsoundAnswer("it answered with what is no probability")

    monkeypatch.setattr(references, "explain", unsound)
    assert mean_contributions(trained.model, titanic.matrix, trained.background, SCHEMA) is None
    assert "no probability" in capsys.readouterr().out


def test_as_many_rows_are_explained_as_a_budget_of_the_graphs_rows_allows(
    titanic: Dataset, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A row of eight features takes 256 coalitions with eight background rows each.
    monkeypatch.setattr(references, "_MAX_GRAPH_ROWS", 3 * 256 * 8)
    known = mean_contributions(trained.model, titanic.matrix, trained.background, SCHEMA)
    assert known is not None
    assert known.rows == 3
