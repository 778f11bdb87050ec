"""A server under test: how it is started, asked and stopped."""

import http.client
import json
import os
import shlex
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from functions.local.process.listening import HOST, listen, port_of
from tests.bench.processes import kill, memory_mib, tree
from tests.bench.stage import ROW

PORT, DESCRIPTOR = "{port}", "{descriptor}"
_PATIENCE_SECONDS = 120.0
_GRACE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. `seconds`: from the start of its process to its first `answer`, which is JSON."""

    url: str
    seconds: float
    answer: Any
    pid: int

    def memory_mib(self) -> float:
        """Of all its processes together."""
        return memory_mib(tree(self.pid))


class DoesNotServe(RuntimeError):
    """A server ended, or did not answer as it should; the text holds what it said last."""


@contextmanager
def served(
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    folder: Path,
    *,
    path: str = "/predict",
    body: str = ROW,
) -> Iterator[Server]:
    """A server that has answered once; it and whatever it started are gone when the block ends.

    command: its command line, run in `folder`; in it PORT stands for the port to listen on, or DESCRIPTOR for
    an inherited socket that listens there already. path, body: what is posted until it answers 200.

    Raises `DoesNotServe`, also when the block raises `RuntimeError`.
    """
    with tempfile.TemporaryFile() as stderr:
        with listen(0) as listener:
            port, descriptor = port_of(listener), listener.fileno()
            inherited = [descriptor] if DESCRIPTOR in command else []
            if not inherited:
                listener.close()
            line = [
                str(part).replace(PORT, str(port)).replace(DESCRIPTOR, str(descriptor)) for part in command
            ]
            started = time.perf_counter()
            process = subprocess.Popen(
                line,
                cwd=folder,
                env=dict(environment),
                # Nobody reads what is logged of each request.
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                pass_fds=inherited,
            )
        try:
            answer = _first_answer(process, port, path, body)
            seconds = time.perf_counter() - started
            yield Server(f"http://{HOST}:{port}{path}", seconds, answer, process.pid)
        except RuntimeError as failure:
            said = _last_words(stderr)
            raise DoesNotServe(f"{failure}\n{shlex.join(line)} said last:\n{said}") from failure
        finally:
            _stop(process)


def _first_answer(process: subprocess.Popen[bytes], port: int, path: str, body: str) -> Any:
    last = "no connection"
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            status, answer = _ask(port, path, body)
        except (OSError, http.client.HTTPException) as error:
            last = repr(error)
        else:
            if status == http.HTTPStatus.OK:
                return json.loads(answer)
            last = f"{status}: {answer.decode(errors='replace')}"
        time.sleep(0.002)
    raise DoesNotServe(f"The server gave no answer ({last}).")


def _ask(port: int, path: str, body: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(HOST, port, timeout=_PATIENCE_SECONDS)
    try:
        connection.request("POST", path, body, {"content-type": "application/json"})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def _last_words(file: IO[bytes]) -> str:
    file.seek(max(0, file.seek(0, os.SEEK_END) - 2000))
    return file.read().decode(errors="replace") or "nothing"


def _stop(process: subprocess.Popen[bytes]) -> None:
    pids = tree(process.pid)
    process.terminate()
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(_GRACE_SECONDS)
    # Some leave their workers behind.
    kill(pids[1:])
