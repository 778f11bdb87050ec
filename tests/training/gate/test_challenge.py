"""What a challenger is held against: the champion, and the model of the rows that were uploaded."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from functions.core.registry.manifest import Lineage
from functions.core.registry.versions import read_model
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from tests.support.production import champion_of
from tests.support.titanic import MODEL
from training.gate.challenge import Challenge, decide
from training.gate.rules import Limits
from training.table.dataset import Dataset
from training.table.provenance import Upload

KEY = "5f3a91c2"


@pytest.fixture
def store(published: Path, tmp_path: Path) -> ModelStore:
    shutil.copytree(published, tmp_path / "store")
    return ModelStore(FolderStore(str(tmp_path / "store")), MODEL)


def challenge(store: ModelStore, dataset: Dataset, ancestor: str | None) -> Challenge:
    """An upload that begins with the champion's rows; the last hundred were labelled with a key."""
    labelled_by = dataset.labelled_by.copy()
    labelled_by[-100:] = KEY
    dataset = replace(dataset, labelled_by=labelled_by)
    made_of = Lineage(
        reference_key="datasets/titanic/titanic.csv",
        reference_version_id=None,
        reference_sha256="0" * 64,
        labels=100,
        reason="request",
        champion=champion_of(store).version,
        uploaded_champion=ancestor,
    )
    upload = Upload("datasets/titanic/labelled-0.csv", datetime.now(UTC), lineage=made_of)
    return Challenge(store, upload, dataset, Limits())


@pytest.mark.parametrize("ancestor", ["champion", "gone", None])
def test_a_challenger_is_compared_with_the_model_of_the_uploaded_rows_if_it_is_there(
    store: ModelStore,
    titanic: Dataset,
    ancestor: str | None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    champion = champion_of(store)
    version = {"champion": champion.version, "gone": "0" * 16, None: None}[ancestor]
    decision, _ = decide(challenge(store, titanic, version), read_model(store, champion))
    assert decision.promote
    assert decision.numbers["vouched_worse_than_champion"] == 0
    assert ("vouched_worse_than_uploaded" in decision.numbers) is (ancestor == "champion")
    said = "not compared with the model of the uploaded rows" in capsys.readouterr().out
    assert said is (ancestor == "gone")
