"""A server under test: how it is started, asked and stopped."""

import http.client
import json
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from functions.local.listening import HOST, listen, port_of
from tests.bench.peers.processes import kill, memory_mib, tree

PORT, DESCRIPTOR = "{port}", "{descriptor}"
_PATIENCE_SECONDS = 120.0
_GRACE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Subject:
    """A server to be measured.

    command: its command line; in it PORT stands for the port to listen on, or DESCRIPTOR for an inherited
    socket that listens there already. read: the probability in an answer. installed: the folders it needs.
    """

    name: str
    command: tuple[str | Path, ...]
    environment: Mapping[str, str]
    installed: tuple[Path, ...]
    read: Callable[[Any], float]
    body: str
    path: str = "/predict"


@dataclass(frozen=True, slots=True)
class Server:
    """A running subject. `seconds`: from the start of its process to its first answer, `probability`."""

    url: str
    seconds: float
    probability: float
    pid: int

    def memory_mib(self) -> float:
        """Of all its processes together."""
        return memory_mib(tree(self.pid))


class DoesNotServe(RuntimeError):
    """A subject ended, or took too long to answer; the text holds what it said last."""


@contextmanager
def served(subject: Subject, folder: Path) -> Iterator[Server]:
    """Start `subject` in `folder`; it and whatever it started are gone when the block ends.

    Raises `DoesNotServe`.
    """
    log = folder / "server.log"
    with listen(0) as listener, log.open("wb") as stderr:
        port, descriptor = port_of(listener), listener.fileno()
        command = [
            str(part).replace(PORT, str(port)).replace(DESCRIPTOR, str(descriptor))
            for part in subject.command
        ]
        inherited = [descriptor] if DESCRIPTOR in subject.command else []
        if not inherited:
            listener.close()
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(subject.environment),
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            pass_fds=inherited,
        )
    try:
        answer = _first_answer(subject, process, port, log)
        seconds = time.perf_counter() - started
        yield Server(f"http://{HOST}:{port}{subject.path}", seconds, subject.read(answer), process.pid)
    finally:
        _stop(process)


def _first_answer(subject: Subject, process: subprocess.Popen[bytes], port: int, log: Path) -> Any:
    last = "no connection"
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            status, body = _ask(subject, port)
        except (OSError, http.client.HTTPException) as error:
            last = repr(error)
        else:
            if status == http.HTTPStatus.OK:
                return json.loads(body)
            last = f"{status}: {body.decode(errors='replace')}"
        time.sleep(0.002)
    raise DoesNotServe(f"{subject.name} gave no answer ({last}). It said:\n{log.read_text()[-2000:]}")


def _ask(subject: Subject, port: int) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(HOST, port, timeout=_PATIENCE_SECONDS)
    try:
        connection.request("POST", subject.path, subject.body, {"content-type": "application/json"})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def _stop(process: subprocess.Popen[bytes]) -> None:
    pids = tree(process.pid)
    process.terminate()
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    # Some leave their workers behind.
    kill(pids[1:])
