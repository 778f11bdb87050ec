"""A runner over time: functions that nobody uses rest, wake with a request, and Prometheus sees both."""

import asyncio
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from functions.local.__main__ import parser
from functions.local.runner import Options, running
from tests.support.played import played_by

TEMPLATE = played_by("tests.local.handlers", "GET /kettles/{name}")
SECONDS = 60


def test_a_function_rests_until_it_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("LIFEBOAT_KEYS", str(tmp_path / "keys.json"))
    template = tmp_path / "template.yaml"
    template.write_text(TEMPLATE)
    options = Options(port=0, store_port=0, template=template, rest_after=timedelta(seconds=0.4))

    async def go() -> list[str]:
        seen, rests = [], asyncio.Event()

        def on_log(_function: str, line: str) -> None:
            if "Web rests" in line:
                rests.set()

        async with (
            running(options, on_log, lambda _: None) as here,
            httpx.AsyncClient(base_url=here.api, trust_env=False, timeout=30) as client,
            asyncio.timeout(SECONDS),
        ):
            for _ in range(2):
                rests.clear()
                answer = await client.get("/kettles/blue", headers={"x-api-key": here.key or ""})
                assert answer.status_code == 418
                await rests.wait()
                seen.append((await client.get("/metrics")).text)
        return seen

    *_, last = asyncio.run(go())
    assert 'lifeboat_requests_total{function="Web",status="418"} 2.0' in last
    assert 'lifeboat_function_running{function="Web"} 0.0' in last


def test_a_run_has_functions_rest_after_half_an_hour_unless_it_is_told_otherwise() -> None:
    assert parser().parse_args(["run"]).rest_after == timedelta(minutes=30)
    assert parser().parse_args(["run", "--rest-after", "5"]).rest_after == timedelta(seconds=5)
