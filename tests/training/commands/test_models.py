"""`python -m training models`: what people read, what machines read, and what is said when it fails."""

import getpass
import json
import shlex
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from functions.core.registry import deployment, versions
from functions.core.registry.card.writing import html_card, markdown_card
from functions.core.registry.comparison import Holdout
from functions.core.registry.keys import CHAMPION, manifest_key
from functions.core.registry.manifest import Decision
from functions.core.storage.contract import Blob, Store
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import SCHEMA as SCHEMA_KEY
from functions.core.storage.view import ModelStore
from tests.support import churn as churn_table
from tests.support.titanic import SCHEMA, TABLE
from tests.support.versions import NOON, publish
from training.__main__ import main

Say = Callable[..., str]


@pytest.fixture
def say(store: ModelStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Say:
    """Runs a command that shall succeed. Returns what it printed."""

    def run(*words: str) -> str:
        code = main(["models", *words, "--store", str(tmp_path / "store")])
        said = capsys.readouterr()
        assert (code, said.err) == (0, "")
        return said.out

    return run


@pytest.fixture
def fail(store: ModelStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Say:
    """Runs a command that shall fail. Returns what it printed to standard error."""

    def run(*words: str) -> str:
        code = main(["models", *words, "--store", str(tmp_path / "store")])
        said = capsys.readouterr()
        assert (code, said.out) == (1, "")
        return said.err

    return run


@pytest.fixture
def three_versions(store: ModelStore) -> list[str]:
    """Three versions, promoted one after the other."""
    for day, version in enumerate(("a", "b", "c")):
        publish(store, version, at=NOON + timedelta(days=day), holdout=holdout(0.9 - day / 4))
        expected = deployment.read_to_replace(store)
        deployment.promote(store, version, expected=expected, by="test", reason=f"{version} is better")
    return ["a", "b", "c"]


def holdout(probability: float) -> Holdout:
    """Two rows, of which the first has this chance."""
    return Holdout(features={"age": [1.0, None]}, outcome=[1, 0], probability=[probability, 0.1])


def table(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_the_list_shows_who_stands_where(say: Say, store: ModelStore, three_versions: list[str]) -> None:
    publish(store, "d")
    heads, *rows = table(say("list"))
    assert heads[:3] == ["version", "standing", "published"]
    standing = {row[0]: row[1] for row in rows}
    assert (standing["b"], standing["c"]) == ("previous", "champion")
    # The others stand nowhere: what follows is when they were published.
    for version in ("a", "d"):
        written = store.head(manifest_key(version)).modified
        assert standing[version] == f"{written:%Y-%m-%d}"
    deployment.rollback(store, to="a", by="test", reason="")
    standing = {row[0]: row[1] for row in table(say("list"))}
    assert (standing["a"], standing["b"], standing["c"]) == ("champion", "abandoned", "abandoned")
    assert "0.4200" in rows[0]


def test_machines_read_the_same_in_json(say: Say, three_versions: list[str]) -> None:
    listed: list[dict[str, Any]] = json.loads(say("list", "--json"))
    assert {one["version"]: one["in_service"] for one in listed} == {"a": False, "b": False, "c": True}
    assert listed[0]["summary"]["metrics"]["log_loss"]["value"] == 0.42
    assert json.loads(say("show", "a", "--json"))["dataset"]["key"] == "datasets/titanic/a.csv"
    assert json.loads(say("compare", "a", "c", "--json"))["shared_rows"] == 2
    history = json.loads(say("history", "--json"))
    assert [one["sequence"] for one in history] == [3, 2, 1]
    assert json.loads(say("rollback", "--reason", "x", "--json"))["version"] == "b"
    assert json.loads(say("delete", "c", "--json")) == {"deleted": "c"}


def test_an_empty_store_has_nothing_to_list(say: Say, fail: Say, store: ModelStore) -> None:
    assert say("all") == "there is no model yet\n"
    assert json.loads(say("all", "--json")) == []
    assert "there is no model yet; upload a dataset" in fail("list")
    store.put(SCHEMA_KEY, SCHEMA.as_json())
    assert say("list") == "no version is published yet\n"
    assert json.loads(say("list", "--json")) == []


def test_where_there_are_several_models_it_is_said_which(
    say: Say, fail: Say, whole_store: Store, three_versions: list[str]
) -> None:
    # Alone, it needs no name.
    assert [row[0] for row in table(say("list"))[1:]] == ["c", "b", "a"]
    churn = ModelStore(whole_store, "churn")
    publish(churn, "d", schema=churn_table.SCHEMA, holdout=holdout(0.9))
    publish(churn, "e", schema=churn_table.SCHEMA, holdout=holdout(0.4))
    # Nothing but versions that the gate held back is no reason to ask.
    assert [row[0] for row in table(say("list"))[1:]] == ["c", "b", "a"]
    deployment.promote(churn, "d", expected=None, by="test", reason="the first")
    for words in (["list"], ["show", "a"], ["rollback", "--reason", "x"], ["delete", "a"]):
        assert "say which with --model: churn, titanic" in fail(*words)
    assert [row[0] for row in table(say("list", "--model", "churn"))[1:]] == ["e", "d"]
    assert "predicts churned" in say("show", "d", "--model", "churn")
    assert '0.900  0.400  churned "yes"  age 1.0' in say("compare", "d", "e", "--model", "churn")
    heads, *rows = table(say("all"))
    assert heads == ["model", "champion", "promoted"]
    assert [row[:2] for row in rows] == [["churn", "d"], ["titanic", "c"]]
    assert "no version d is published" in fail("show", "d", "--model", "titanic")
    assert "there is no model fraud" in fail("list", "--model", "fraud")
    assert "a model's name has" in fail("list", "--model", "Churn")


def test_a_model_whose_record_is_damaged_is_among_all(
    say: Say, store: ModelStore, three_versions: list[str]
) -> None:
    store.put(CHAMPION, b"{")
    assert "titanic  registry/champion.json is damaged" in say("all")
    [listed] = json.loads(say("all", "--json"))
    assert (listed["name"], listed["champion"]) == ("titanic", None)


def test_a_damaged_version_is_listed_as_such(say: Say, store: ModelStore, three_versions: list[str]) -> None:
    store.put(manifest_key("b"), b"{}")
    store.put(CHAMPION, b"{")
    assert "the manifest of version b has been changed since it was published" in say("list")


def test_a_version_deleted_while_it_is_listed_is_left_out(
    say: Say, store: ModelStore, three_versions: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    get = FolderStore.get

    def deleted(self: FolderStore, key: str) -> Blob:
        if key == store.full(manifest_key("a")):
            self.delete(key)
        return get(self, key)

    monkeypatch.setattr(FolderStore, "get", deleted)
    assert [row[0] for row in table(say("list"))[1:]] == ["c", "b"]


def test_a_version_is_shown_with_what_the_gate_said(say: Say, store: ModelStore) -> None:
    decision = Decision(
        promote=False,
        rule="slice: pclass=3",
        reason="for pclass=3 log loss is worse",
        champion="old",
        numbers={"roc_auc": 0.8765},
        slices={"pclass=3": {"rows": 142.0, "worse_by": 0.0812}, "pclass=2": {"rows": 20.0}},
    )
    publish(store, "a", decision=decision)
    said = say("show", "a")
    assert "held back, slice: pclass=3 (champion: old)" in said
    assert "for pclass=3 log loss is worse" in said
    assert ["roc_auc", "0.8765"] in table(said)
    assert ["pclass=3", "142.0000", "0.0812"] in table(said)
    assert ["pclass=2", "20.0000"] in table(said)


def test_the_card_of_a_version_is_printed_as_the_api_answers_it(say: Say, store: ModelStore) -> None:
    manifest = publish(store, "a")
    assert say("card", "a") == markdown_card(manifest)
    assert say("card", "a", "--html") == html_card(manifest)
    assert json.loads(say("card", "a", "--json")) == {"card": markdown_card(manifest)}


def test_the_command_that_a_card_gives_makes_the_same_version(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = ModelStore(FolderStore(str(published)), "titanic")
    [version] = versions.published(before)
    manifest = versions.read_manifest(before, version)
    [line] = [line for line in markdown_card(manifest).splitlines() if line.startswith("python -m training")]
    # In a folder with the file and the schema of the manifest, as the card says.
    (tmp_path / "titanic.csv").write_bytes(TABLE.read_bytes())
    (tmp_path / "titanic.schema.json").write_text(json.dumps(manifest.table_schema))
    monkeypatch.chdir(tmp_path)
    assert main([*shlex.split(line)[3:], "--store", "again"]) == 0
    assert [*versions.published(ModelStore(FolderStore("again"), "titanic"))] == [version]


def test_two_versions_are_compared_row_by_row(say: Say, three_versions: list[str]) -> None:
    said = say("compare", "a", "c")
    assert "On the 2 held-out rows they share:" in said
    assert "They disagree on 1 of them" in said
    assert "0.900  0.400  survived true  age 1.0" in said


def test_a_promotion_and_a_rollback_bear_the_name_of_who_made_them(
    say: Say, store: ModelStore, three_versions: list[str]
) -> None:
    assert "b is in service, in place of c" in say("rollback", "--reason", "complaints")
    assert "a is in service, in place of b" in say("rollback", "--to", "a", "--reason", "more of them")
    assert "c is in service" in say("promote", "c", "--force", "--reason", "it was right")
    first = table(say("history", "--limit", "2"))[1]
    assert first[:2] == ["6", "c"]
    assert [one.by for one in deployment.history(store)][:3] == [getpass.getuser()] * 3
    assert len(table(say("history", "--limit", "2"))) == 3


def test_what_fails_says_why_and_changes_nothing(
    fail: Say, store: ModelStore, three_versions: list[str]
) -> None:
    before = store.get(CHAMPION)
    assert "force" in fail("promote", "a", "--reason", "x")
    assert "in service and cannot be deleted" in fail("delete", "c")
    assert "no version nowhere is published" in fail("show", "nowhere")
    assert "no version nowhere is published" in fail("compare", "a", "nowhere")
    assert "in service already" in fail("rollback", "--to", "c", "--reason", "x")
    assert store.get(CHAMPION) == before


def test_a_history_needs_a_champion(fail: Say, store: ModelStore) -> None:
    store.put(SCHEMA_KEY, SCHEMA.as_json())
    assert "upload a dataset to train one, or promote a version that is published" in fail("history")


@pytest.mark.parametrize(
    "words", [["models"], ["models", "promote", "a"], ["models", "rollback"], ["models", "forget"], ["x"]]
)
def test_a_command_that_is_none_is_wrong_use(words: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(words)


@pytest.mark.parametrize(("option", "value"), [("--min-roc-auc", "0.4"), ("--margin", "much")])
def test_limits_that_make_no_sense_are_wrong_use(
    option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["train", option, value])
    assert f"argument {option}: a number is wanted" in capsys.readouterr().err
