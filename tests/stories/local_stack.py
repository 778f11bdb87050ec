"""`make run` in a process of its own, beside a store in which a champion is in service already."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

ROOT = Path(__file__).parents[2]
SECONDS = 120


@dataclass(frozen=True, slots=True)
class Stack:
    """Where the API is, and a key that may do everything; and the store's folder, or that of the run. links:
    those that sign a person of the demo in."""

    api: str
    key: str
    store: Path
    links: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def headers(self) -> dict[str, str]:
        return {"x-api-key": self.key}


@contextmanager
def local_stack(store: Path, folder: Path) -> Iterator[Stack]:
    """The API over `store`, which it writes its predictions to; it keeps its keys and its log in `folder`."""
    with _running(
        folder, {"LIFEBOAT_STORE": str(store), "LIFEBOAT_KEYS": str(folder / "keys.json")}
    ) as stack:
        yield replace(stack, store=store)


@contextmanager
def own_stack(folder: Path, *arguments: str) -> Iterator[Stack]:
    """The API over a store of its own, as `make run ARGS=...` starts one, and the model of the demo in it."""
    with _running(folder, {}, *arguments) as stack:
        yield stack


@contextmanager
def _running(folder: Path, variables: Mapping[str, str], *arguments: str) -> Iterator[Stack]:
    log = folder / "run.log"
    environment = {**os.environ, **variables}
    command = [sys.executable, "-m", "functions.local", "run", "--port", "0", "--store-port", "0", *arguments]
    with (
        log.open("w") as output,
        subprocess.Popen(command, stdout=output, stderr=output, cwd=ROOT, env=environment) as process,
    ):
        try:
            yield _serving(process, log, folder)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise AssertionError(f"the API did not stop: {log.read_text()}") from None


def _serving(process: "subprocess.Popen[bytes]", log: Path, folder: Path) -> Stack:
    for _ in range(10 * SECONDS):
        said = log.read_text()
        if "Serving until Ctrl-C" in said:
            (api,) = re.findall(r"^API +(http\S+)$", said, re.MULTILINE)
            (key,) = re.findall(r"x-api-key: ([^']+)'", said)
            links = re.findall(r"^ +(\w+) +(http\S+/login/as/\S+)", said, re.MULTILINE)
            return Stack(api, key, folder, dict(links))
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise AssertionError(f"the API did not come up: {log.read_text()}")
