"""The story that a run tells: of the upload, the model that is made of it, and a row that it scores."""

import asyncio
import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from functions.core.schema.document.parsing import read_schema
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from functions.local import machine
from functions.local.platform.function_process import Outcome
from functions.local.platform.template import read_template
from functions.local.runner import Options
from functions.local.story import loop as story
from functions.local.story.loop import SHIPPED, StoryFailed, by_hand, tell
from functions.local.use.tables import Table, put_file, put_schema
from functions.local.use.upload import TRAINING_SECONDS
from tests.local.running import TEMPLATE, Here, options_of, prepare, run, use_folder
from tests.support.versions import promote, publish


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(monkeypatch)


@pytest.fixture
def options(tmp_path: Path) -> Options:
    return options_of(tmp_path)


@pytest.fixture
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_folder(tmp_path, monkeypatch)


@pytest.fixture
def table(tmp_path: Path) -> Table:
    """A table of a stranger's, with a schema beside it."""
    file, schema = tmp_path / "churn.csv", tmp_path / "churn.schema.json"
    file.write_text("customer,age,plan,churned\n1,20,it's basic,no\n")
    fields = [
        {"name": "age", "type": "number", "example": 41.5},
        {
            "name": "plan",
            "type": "string",
            "constraints": {"required": True, "enum": ["it's basic", "gold"]},
        },
        {"name": "churned", "type": "string", "constraints": {"enum": ["no", "yes"]}},
    ]
    document = {"fields": fields, "target": {"field": "churned", "positive": "yes"}, "color": "red"}
    schema.write_text(json.dumps(document))
    return Table(file, "churn", schema)


def told(options: Options, table: Table = SHIPPED) -> str:
    """The story of a table, and how the last step is done by hand."""
    said: list[str] = []

    async def act(here: Here) -> None:
        manifest = await tell(here.where, here.outcomes, said.append, table)
        said.extend(by_hand(here.where, table, manifest))

    run(options, act)
    return "\n".join(said)


def test_the_story_is_told_from_the_upload_to_the_passenger(options: Options) -> None:
    words = told(options)
    assert "embedded, in memory" in words
    assert "Schema     from titanic.schema.json: 8 features, to predict survived" in words
    assert "to datasets/titanic/titanic.csv; the upload starts a retrain" in words
    assert "Promoted   version 0123456789abcdef: as told" in words
    assert "3 rows: 2 to train on, 1 held out" in words
    assert "gradient boosting" in words
    assert "roc auc            0.870  (95 %: 0.820 to 0.920)" in words
    assert "agree on 100 rows and 10 edge cases" in words
    assert "DeWitt Bukater, Miss. Rose: survives, probability 0.956" in words
    assert "curl -s http://127.0.0.1:" in words
    # The name is only there for the title that it holds.
    assert '-d \'{"pclass": 1, "sex": "female"' in words


@pytest.mark.usefixtures("_in_a_folder")
def test_the_story_of_another_table_is_told_by_its_schema(options: Options, table: Table) -> None:
    words = told(options, table)
    assert "Schema     from churn.schema.json: 2 features, to predict churned" in words
    assert "             the key color is not used" in words
    assert "Columns    used: age, plan" in words
    assert "             passed over: customer" in words
    assert "             missing: city" in words
    assert "Left out   1 of 4 rows" in words
    assert 'a row as an example: churned is "no", probability 0.125' in words
    assert "/models/churn/predict -H" in words
    # What the shell gets is the row, whatever is in it.
    assert shlex.split(words.rpartition("-d ")[2]) == ['{"age": 41.5, "plan": "it\'s basic"}']


@pytest.mark.usefixtures("_in_a_folder")
def test_a_model_may_be_that_of_the_routes_without_a_name(options: Options, table: Table) -> None:
    words = told(replace(options, model="churn"), table)
    assert 'churned is "yes", probability 0.956' in words
    assert "/models/" not in words.rpartition("Again, by hand:")[2]


def test_a_model_in_service_is_told_of_and_not_trained_again(
    options: Options, table: Table, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path / "store"))
    store = ModelStore(FolderStore(str(tmp_path / "store")), "churn")
    assert table.schema is not None
    publish(store, "0" * 16, schema=read_schema(table.schema.read_bytes()))
    promote(store, "0" * 16)
    words = told(options, table)
    assert f"version {'0' * 16} is in service already; nothing is uploaded" in words
    assert "Uploaded" not in words


@pytest.mark.usefixtures("_in_a_folder")
def test_an_upload_that_the_last_run_was_stopped_at_is_gone_on_with_and_not_made_again(
    options: Options, table: Table
) -> None:
    """A second one would be told of as published already, long after it was said that all is served."""
    said: list[str] = []

    async def act(here: Here) -> None:
        store = ModelStore(here.where.store, "churn")
        await asyncio.to_thread(put_schema, store, table, lambda _: None)
        key = await asyncio.to_thread(put_file, store, table.file, table.file.read_bytes())
        await tell(replace(here.where, pending=(key,)), here.outcomes, said.append, table)
        await asyncio.sleep(4 * machine.POLL_SECONDS)
        assert here.outcomes.empty()

    run(options, act)
    words = "\n".join(said)
    assert "Pending    datasets/churn/churn.csv: the last run was stopped before this was done" in words
    assert "Uploaded   churn.csv by the last run already; its retrain goes on" in words
    assert "Promoted   version 0123456789abcdef" in words


@pytest.mark.usefixtures("_in_a_folder")
def test_another_file_than_the_last_run_was_stopped_at_is_uploaded(options: Options, table: Table) -> None:
    said: list[str] = []

    async def act(here: Here) -> None:
        store = ModelStore(here.where.store, "churn")
        await asyncio.to_thread(put_schema, store, table, lambda _: None)
        key = await asyncio.to_thread(put_file, store, table.file, b"other")
        await tell(replace(here.where, pending=(key,)), here.outcomes, said.append, table)

    run(options, act)
    assert "to datasets/churn/churn.csv; the upload starts a retrain" in "\n".join(said)


def fails(options: Options, table: Table, reason: str) -> None:
    """The story of `table` fails, for this reason."""

    async def act(here: Here) -> None:
        with pytest.raises(StoryFailed, match=reason):
            await tell(here.where, here.outcomes, lambda _: None, table)

    run(options, act)


@pytest.mark.usefixtures("_in_a_folder")
def test_a_story_without_a_promotion_fails_with_the_reason(options: Options, table: Table) -> None:
    bad = table.file.rename(table.file.with_name("bad.csv"))
    reason = r"no model was promoted: datasets/churn/bad.csv: rejected"
    fails(options, replace(table, file=bad), reason)


@pytest.mark.usefixtures("_in_a_folder")
def test_a_story_does_not_wait_for_ever(
    options: Options, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(story, "TRAINING_SECONDS", 0.0)
    fails(options, table, "no model after 0 seconds; .* Try again when the machine has less to do")


def test_a_story_waits_as_long_as_a_retrain_may_take() -> None:
    retrain = read_template(Options().template).functions["RetrainFunction"]
    assert retrain.timeout <= TRAINING_SECONDS


def test_a_story_says_now_and_then_that_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story, "REMIND_SECONDS", 0.05)
    said: list[str] = []

    async def act() -> dict[str, Any]:
        outcomes: asyncio.Queue[Outcome] = asyncio.Queue()
        record = {"s3": {"object": {"key": "datasets/churn/a.csv"}}}
        outcome = Outcome("F", {"Records": [record]}, answer={"results": [{"status": "promoted"}]})
        asyncio.get_running_loop().call_later(0.2, outcomes.put_nowait, outcome)
        return await story.retrained(outcomes, "datasets/churn/a.csv", said.append)

    assert asyncio.run(act()) == {"status": "promoted"}
    assert said
    assert {line.split(" for ")[0].strip() for line in said} == {""}


@pytest.mark.usefixtures("_in_a_folder")
def test_an_api_that_does_not_answer_well_fails_the_story(options: Options, table: Table) -> None:
    options.template.write_text(TEMPLATE.replace("{model}/predict", "{model}/other"))
    fails(options, table, "POST /models/churn/predict answered 404")
