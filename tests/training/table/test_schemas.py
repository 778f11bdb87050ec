"""Which schema a dataset is read by, and what is said of what was asked for beside it."""

from pathlib import Path

import pytest

from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from training.table.schemas import choose_schema, keep_schema

ROWS = "acid,quality\n" + "1.5,bad\n2,good\n3,great\n1.25,good\n" * 20


@pytest.fixture
def wine(tmp_path: Path) -> Path:
    path = tmp_path / "wine.csv"
    path.write_text(ROWS)
    return path


def test_the_values_that_count_as_yes_are_asked_for_where_a_schema_is_inferred_and_nowhere_else(
    wine: Path, tmp_path: Path
) -> None:
    store = ModelStore(FolderStore(str(tmp_path / "store")), "wine")
    chosen = choose_schema(store, wine, target="quality", positive="great")
    assert chosen.is_new
    assert [chosen.schema.target.code(word) for word in ("bad", "good", "great")] == [0, 0, 1]
    keep_schema(store, chosen.schema)
    again = choose_schema(store, wine, target="quality", positive="good,great")
    assert again.schema.document == chosen.schema.document
    assert again.notes[-1] == (
        "the model's schema says which values of quality count as yes: good,great was not asked for; to "
        "change that, change schemas/wine.json"
    )
    assert choose_schema(store, wine, target="quality").notes == again.notes[:-1]
