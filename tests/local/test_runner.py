"""The runner with a template and handlers of its own: routes, uploads, schedules, retries, and the story."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.core.base.errors import StoreUnavailable
from functions.local import asynchronous, runner, story
from functions.local.asynchronous import Outcome
from functions.local.listening import listen, port_of
from functions.local.runner import Options, Running, running
from functions.local.story import StoryFailed, tell
from functions.local.uploads import UploadWatcher
from tests.support.played import played_by

TICK = """
  Tick:
    Type: AWS::Serverless::Function
    Properties:
      Handler: tests.local.handlers.tick
      Events:
        Soon: {Type: Schedule, Properties: {Schedule: rate(1 minute), Input: '{"now": true}'}}
"""
ROUTES = ("GET /model", "POST /predict", "GET /kettles/{name}")
TEMPLATE = played_by("tests.local.handlers", *ROUTES) + TICK


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "LIFEBOAT_STORE", "LIFEBOAT_KEYS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(runner, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(asynchronous, "DELAYS", (0.0, 0.0))


@pytest.fixture
def options(tmp_path: Path) -> Options:
    template = tmp_path / "template.yaml"
    template.write_text(TEMPLATE)
    return Options(port=0, store_port=0, template=template)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    path = tmp_path / "titanic.csv"
    path.write_text("pclass,sex,survived\n")
    return path


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


def test_a_request_over_the_socket_reaches_the_function_its_route_names(options: Options) -> None:
    async def act(here: Here) -> None:
        async with httpx.AsyncClient(base_url=here.where.api, trust_env=False) as client:
            response = await client.get("/kettles/a%20b?x=1")
            assert response.status_code == 418
            assert response.text == "/kettles/a b"
            assert response.headers["x-kettle"] == "yes"
            assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]
            assert (await client.get("/nothing")).json() == {"message": "Not Found"}
            assert (await client.delete("/model")).status_code == 404

    run(options, act)


def test_an_upload_to_the_store_invokes_the_function_with_its_notification(options: Options) -> None:
    async def act(here: Here) -> None:
        await asyncio.to_thread(here.where.store.put, "datasets/half boat.csv", b"1,2")
        await asyncio.to_thread(here.where.store.put, "datasets/notes.txt", b"1,2")
        outcome = await here.outcome()
        record = outcome.event["Records"][0]
        assert outcome.function == "Train"
        assert outcome.answer["results"][0]["status"] == "promoted"
        assert record["s3"]["object"]["key"] == "datasets/half+boat.csv"
        assert record["s3"]["bucket"]["name"] == "lifeboat-test-123456789012"
        # The embedded bucket keeps versions, and the event names the one that was uploaded.
        found = await asyncio.to_thread(here.where.store.head, "datasets/half boat.csv")
        assert record["s3"]["object"]["versionId"] == found.version_id is not None
        await asyncio.sleep(0.3)
        assert here.outcomes.empty()

    run(options, act)


def test_a_failed_retrain_is_tried_again(
    options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIL_ONCE", str(tmp_path / "failed"))

    async def act(here: Here) -> None:
        await asyncio.to_thread(here.where.store.put, "datasets/a.csv", b"1,2")
        outcome = await here.outcome()
        assert (outcome.attempts, outcome.error) == (2, None)

    run(options, act)


def test_a_schedule_invokes_the_function_when_it_is_due(
    options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    def soon(expression: str, after: datetime) -> datetime:
        assert expression == "rate(1 minute)"
        return after + timedelta(seconds=0.1)

    monkeypatch.setattr(runner, "next_time", soon)

    async def act(here: Here) -> None:
        first, second = await here.outcome(), await here.outcome()
        assert first.function == second.function == "Tick"
        assert first.answer == {"due": {"now": True}}

    run(options, act)


def test_schedules_can_be_shortened(options: Options) -> None:
    async def act(here: Here) -> None:
        first, second = await here.outcome(), await here.outcome()
        assert first.function == second.function == "Tick"

    run(replace(options, every=timedelta(seconds=0.1)), act)


def test_a_taken_port_is_left_to_whoever_has_it(options: Options) -> None:
    async def act(here: Here) -> str:
        return here.where.api

    with listen(0) as other:
        taken = port_of(other)
        assert not run(replace(options, port=taken), act).endswith(f":{taken}")


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
        await asyncio.to_thread(here.where.store.put, "datasets/a.csv", b"1,2")
        assert (await here.outcome()).error is None
        assert "store the store could not be reached" in here.log

    run(options, act)


def test_a_store_of_ones_own_is_used_instead_of_the_embedded_one(
    options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path / "store"))

    async def act(here: Here) -> None:
        assert (here.where.embedded, here.where.endpoint) == (False, None)
        here.where.store.put("datasets/a.csv", b"1,2")
        assert (await here.outcome()).answer["results"][0]["key"] == "datasets/a.csv"
        assert (tmp_path / "store" / "datasets" / "a.csv").exists()

    run(options, act)


def test_the_story_is_told_from_the_upload_to_the_passenger(options: Options, dataset: Path) -> None:
    said: list[str] = []

    async def act(here: Here) -> None:
        await tell(here.where, here.outcomes, said.append, dataset)
        said.extend(story.by_hand(here.where))

    run(options, act)
    words = "\n".join(said)
    assert "embedded, in memory" in words
    assert "Promoted   version 0123456789abcdef: as told" in words
    assert "3 rows, 1 left out: 2 to train on, 1 held out" in words
    assert "gradient boosting" in words
    assert "roc auc            0.870  (95 %: 0.820 to 0.920)" in words
    assert "agree on 3 rows and 9 edge cases" in words
    assert "survives, probability 0.956" in words
    assert "curl -s http://127.0.0.1:" in words


def fails(options: Options, dataset: Path, reason: str) -> None:
    """The story of `dataset` fails, for this reason."""

    async def act(here: Here) -> None:
        with pytest.raises(StoryFailed, match=reason):
            await tell(here.where, here.outcomes, lambda _: None, dataset)

    run(options, act)


def test_a_story_without_a_promotion_fails_with_the_reason(
    options: Options, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(story, "DATASET_KEY", "datasets/bad.csv")
    fails(options, dataset, r"no model was promoted: datasets/bad.csv: rejected")


def test_a_story_does_not_wait_for_ever(
    options: Options, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(story, "TRAINING_SECONDS", 0.3)
    monkeypatch.setattr(story, "DATASET_KEY", "elsewhere/titanic.csv")
    fails(options, dataset, "no model after 0 seconds")


def test_an_api_that_does_not_answer_well_fails_the_story(
    options: Options, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options.template.write_text(TEMPLATE.replace("/model", "/other"))
    fails(options, dataset, "GET /model answered 404")


def test_a_template_without_a_store_is_refused(options: Options) -> None:
    options.template.write_text(TEMPLATE.replace("LIFEBOAT_STORE", "OTHER"))

    async def act(here: Here) -> None:
        raise AssertionError

    with pytest.raises(ValueError, match="LIFEBOAT_STORE"):
        run(options, act)
