"""Which models there are, and what one may be called."""

import unicodedata
from pathlib import Path

import pytest

from functions.core.base.errors import InvalidInput, NotFound
from functions.core.registry.models import (
    check_model_name,
    names,
    names_in_service,
    require_model,
    suggest_model_name,
)
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from tests.support.file_names import NAMED


@pytest.mark.parametrize("name", ["titanic", "a", "churn-2027", "a" * 40])
def test_a_good_name(name: str) -> None:
    assert check_model_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "Churn", "2churn", "-churn", "churn_1", "a" * 41, "champion", "rollback", "a123456789abcdef", "a/b"],
)
def test_a_name_that_cannot_be(name: str) -> None:
    with pytest.raises(InvalidInput, match="a model's name has 1 to 40"):
        check_model_name(name)


@pytest.mark.parametrize(("file", "name"), NAMED.items())
def test_a_name_is_made_of_that_of_a_file(file: str, name: str) -> None:
    assert suggest_model_name(file) == name
    assert check_model_name(name) == name
    # As a Mac may write it: each accent apart from its letter.
    assert suggest_model_name(unicodedata.normalize("NFD", file)) == name


def test_a_name_that_cannot_be_is_refused_with_one_that_can() -> None:
    with pytest.raises(InvalidInput, match="this one could be pramien-2026"):
        check_model_name("Pr\u00e4mien 2026")


def test_models_are_those_with_a_champion_or_a_schema(tmp_path: Path) -> None:
    store = FolderStore(str(tmp_path))
    for key in (
        "registry/titanic/champion.json",
        "registry/titanic/history/00000001.json",
        "registry/probe.json",
        "registry/NOT/champion.json",
        "schemas/churn.json",
        "schemas/titanic.json",
        "schemas/readme.txt",
        "models/fraud/0123456789abcdef/manifest.json",
    ):
        store.put(key, b"{}")
    assert names_in_service(store) == ["titanic"]
    assert names(store) == ["churn", "titanic"]


@pytest.mark.parametrize(
    "key",
    ["registry/churn/champion.json", "schemas/churn.json", "models/churn/0123456789abcdef/manifest.json"],
)
def test_a_model_is_known_by_its_champion_its_schema_or_a_version(tmp_path: Path, key: str) -> None:
    store = FolderStore(str(tmp_path))
    churn = ModelStore(store, "churn")
    with pytest.raises(NotFound, match="there is no model churn; GET /models lists those there are"):
        require_model(churn)
    store.put(key, b"{}")
    require_model(churn)
    with pytest.raises(NotFound):
        require_model(ModelStore(store, "chur"))
