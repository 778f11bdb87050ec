"""Datasets that must not put a model into service, each stopped by a rule that says why."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from functions.core.base.errors import NoChampion
from functions.core.registry import deployment, versions
from functions.core.storage.view import ModelStore
from tests.conftest import TITANIC
from tests.support.titanic import SCHEMA
from tests.support.training import QUICK
from training.publication.promotion import Outcome
from training.publication.upload import train_and_publish
from training.table.provenance import Upload

Labels = list[str]


def shuffled(labels: Labels) -> Labels:
    return [str(label) for label in np.random.default_rng(0).permutation(labels)]


def inverted(labels: Labels) -> Labels:
    return [str(1 - int(label)) for label in labels]


def twenty(labels: Labels) -> Labels:
    return labels[::65][:20]


def copied(labels: Labels) -> Labels:
    """Labels for forty rows, each of which stands there thirty times."""
    return labels[::32][:40] * 30


def written(path: Path, relabelled: Callable[[Labels], Labels]) -> Path:
    """The shipped rows with other labels; as many rows as there are labels, from all over the list."""
    rows = list(csv.DictReader(io.StringIO(TITANIC.read_text())))
    labels = relabelled([row["survived"] for row in rows])
    if relabelled is copied:
        rows = rows[::32][:40] * 30
    rows = rows[:: len(rows) // len(labels)][: len(labels)]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(row | {"survived": label} for row, label in zip(rows, labels, strict=True))
    return path


def handed_in(store: ModelStore, path: Path) -> Outcome:
    upload = Upload(f"datasets/titanic/{path.name}", datetime.now(UTC))
    return train_and_publish(store, upload, path, by="test", schema=SCHEMA, configuration=QUICK)


@pytest.mark.parametrize("has_champion", [True, False])
@pytest.mark.parametrize(
    ("relabelled", "status", "rule"),
    [
        (shuffled, "published", "floor: ROC AUC"),
        (inverted, "published", "floor: expectations"),
        (twenty, "rejected", "unfit dataset"),
        (copied, "published", "floor: holdout rows"),
    ],
)
def test_a_bad_dataset_changes_no_champion_and_the_rule_is_named(
    store: ModelStore,
    tmp_path: Path,
    relabelled: Callable[[Labels], Labels],
    status: str,
    rule: str,
    has_champion: bool,
) -> None:
    if has_champion:
        assert handed_in(store, TITANIC).status == "promoted"
    outcome = handed_in(store, written(tmp_path / "bad.csv", relabelled))
    print(f"{relabelled.__name__}: {outcome.status}, {outcome.decision.rule}: {outcome.decision.reason}")
    assert (outcome.status, outcome.decision.rule) == (status, rule)
    assert not outcome.decision.promote
    if has_champion:
        assert deployment.read_champion(store)[0].sequence == 1
    else:
        with pytest.raises(NoChampion):
            deployment.read_champion(store)
    if outcome.version:
        assert versions.read_manifest(store, outcome.version).decision == outcome.decision
