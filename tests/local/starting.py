"""The start of `make demo`: the store, its bucket, a key, the API; then what it and its children were given.

Prints one line of JSON.
"""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import httpx

from functions.local.runner import Options, running
from tests.bench.processes import tree


async def main() -> None:
    options = Options(port=0, store_port=0)
    log: list[str] = []
    async with (
        running(options, lambda function, line: log.append(f"{function} {line}"), lambda _: None) as here,
        httpx.AsyncClient(base_url=here.api, trust_env=False, timeout=60) as client,
    ):
        here.store.put("datasets/none/a.txt", b"1")
        live = await client.get("/health/live")
        found = {
            "endpoint": here.endpoint,
            "objects": [entry.key for entry in here.store.list("datasets/")],
            "key": bool(here.key),
            "live": live.json(),
            "own": dict(os.environ),
            "children": [_environment(pid) for pid in tree(os.getpid())[1:]],
            "log": log,
        }
    print(json.dumps(found))


def _environment(pid: int) -> dict[str, Any]:
    pairs = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(pair.split("=", 1) for pair in pairs if pair)


if __name__ == "__main__":
    asyncio.run(main())
