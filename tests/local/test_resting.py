"""A runner over time: functions that nobody uses rest, wake with a request, and Prometheus sees both."""

import asyncio
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

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
    log: list[str] = []

    async def go() -> list[str]:
        seen = []
        async with (
            running(options, lambda id_, line: log.append(f"{id_} {line}"), lambda _: None) as here,
            httpx.AsyncClient(base_url=here.api, trust_env=False, timeout=30) as client,
            asyncio.timeout(SECONDS),
        ):
            for _ in range(2):
                rested = len(_of_resting(log))
                await client.get("/kettles/blue", headers={"x-api-key": here.key or ""})
                seen.append((await client.get("/metrics")).text)
                while len(_of_resting(log)) == rested:
                    await asyncio.sleep(0.05)
            seen.append((await client.get("/metrics")).text)
        return seen

    *_, last = asyncio.run(go())
    assert 'lifeboat_requests_total{function="Web",status="200"} 2.0' in last
    assert 'lifeboat_function_running{function="Web"} 0.0' in last


def _of_resting(log: list[str]) -> list[str]:
    return [line for line in log if "Web rests: nobody has used it for 0 s" in line]
