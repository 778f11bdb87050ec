"""MLflow as it is locked, in its own environment: its commands, and programs that use it."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from functions.local.process.child import ROOT
from functions.local.process.environment import needed_of
from tests.support.machine import Unavailable, last_line

MLFLOW_BIN = ROOT / ".venv-mlflow" / "bin"
PROGRAMS = Path(__file__).parent / "programs"
# Importing MLflow takes seconds, and the processor may be shared.
SECONDS = 120
# 750 MB, from a registry.
INSTALL_SECONDS = 1800


def provide_mlflow() -> None:
    """Make `.venv-mlflow` hold what its lock says. Raises `Unavailable` when it cannot be made here."""
    try:
        made = subprocess.run(
            ["make", "installed-mlflow"],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise Unavailable("make, which installs MLflow's own environment, is missing") from None
    if made.returncode:
        said = last_line(made.stderr or made.stdout)
        raise Unavailable(f"the packages of requirements-mlflow.txt cannot be installed here: {said}")


def environment(**variables: str) -> dict[str, str]:
    """What a process with MLflow gets of an environment: it tells nobody of its use."""
    return needed_of(os.environ) | {
        "PATH": f"{MLFLOW_BIN}{os.pathsep}{os.environ['PATH']}",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        **variables,
    }


def run_program(name: str, *arguments: str, sent: object = None, **variables: str) -> Any:
    """Run tests/mlflow/programs/`name`.py with JSON on its standard input; what it prints, read as JSON."""
    done = subprocess.run(
        [MLFLOW_BIN / "python", PROGRAMS / f"{name}.py", *arguments],
        input=json.dumps(sent), capture_output=True, text=True, env=environment(**variables), timeout=SECONDS,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def mlflow_serving(
    *arguments: str | Path, port: int, path: str, log: Path, variables: Mapping[str, str]
) -> Iterator[str]:
    """Run a command of MLflow that serves at `port` until it answers at `path`. Yields its address."""
    command = [MLFLOW_BIN / "mlflow", *arguments, "--host", "127.0.0.1", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env=environment(**variables), start_new_session=True
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_it_answers(process, f"{address}{path}", log)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def _wait_until_it_answers(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    until = time.monotonic() + SECONDS
    while process.poll() is None and time.monotonic() < until:
        try:
            if httpx.get(address, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise AssertionError(f"{address} does not answer:\n{log.read_text(errors='replace')[-4000:]}")
