"""MLflow on this machine, showing what the running store holds: `python -m functions.local.tools.tracking`.

A real server in an environment of its own (.venv-mlflow), with a database in a temporary folder and its
artifacts below `mlflow/` in the store: both are made anew each time, as all in them is made of the store. It
rests while nobody uses it (`resting_server`), and nothing new is to be shown.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.error import HTTPError

from functions.core.base.errors import LifeboatError
from functions.core.registry.models import names_in_service
from functions.core.storage.contract import Store
from functions.core.storage.opening import open_store
from functions.local.process import environment
from functions.local.process.child import ROOT
from functions.local.process.environment import needed_of
from functions.local.process.listening import HOST, listen, port_of
from functions.local.process.resting_server import REST_SECONDS
from functions.local.process.state import BUILD, State, find_runner, store_reached

MLFLOW = ROOT / ".venv-mlflow" / "bin" / "python"
PORT = 5000
ARTIFACTS = "mlflow/"
_LOG = BUILD / "track.log"
# How soon a promotion shows, in seconds.
WATCH_SECONDS = 5
_QUIETLY = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # Eight processes for jobs that nobody here begins.
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
}
# To import MLflow and make its tables; to train the first model.
_START_SECONDS, _TRAINING_SECONDS = 300.0, 300.0
# MLflow itself is given ten by who has it rest.
_END_SECONDS = 20.0
_POLL_SECONDS = 0.5


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 done or stopped, 1 failed, 2 wrong use."""
    parser = argparse.ArgumentParser(prog="python -m functions.local.tools.tracking", description=__doc__)
    parser.add_argument("--port", type=int, default=PORT, help="MLflow's port; another where it is taken")
    parser.add_argument(
        "--rest-after", type=float, default=REST_SECONDS, metavar="SECONDS",
        help="end the server when nobody has used it for so long, until the next request",
    )  # fmt: skip
    parser.add_argument("--once", action="store_true", help="stop as soon as all is shown")
    options = parser.parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        with ExitStack() as stack:
            runner = None if os.environ.get(environment.STORE) else find_runner()
            if runner is None and not os.environ.get(environment.STORE):
                runner = stack.enter_context(_demo())
            address = stack.enter_context(store_reached(runner))
            store = open_store(address)
            with _mlflow(store, address, options.port, options.rest_after) as uri:
                print(f"MLflow     {uri}", flush=True)
                return _track(uri, address, once=options.once)
    except (LifeboatError, RuntimeError, OSError, ValueError) as error:
        print(f"Failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.")
        return 0


def _stop(_number: int, _frame: object) -> None:
    """However it is told to end, what it started ends first."""
    raise KeyboardInterrupt


@contextmanager
def _demo() -> Iterator[State]:
    """A run of its own for as long as this lasts, which keeps nothing, with a model in service."""
    print(f"No `make run` is up: one is started for this, which keeps nothing; its log is {_LOG}", flush=True)
    _LOG.parent.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "functions.local", "run", "--forget"]
    with _LOG.open("wb") as log, _process(command, dict(os.environ), log.fileno()) as process:
        until = time.monotonic() + _TRAINING_SECONDS
        while process.poll() is None and time.monotonic() < until:
            runner = next((one for one in [find_runner()] if one and one.pid == process.pid), None)
            if runner and _has_champion(runner):
                yield runner
                return
            time.sleep(_POLL_SECONDS)
        raise RuntimeError("the run that was started for this came to no model in service; see `make run`")


def _has_champion(runner: State) -> bool:
    with store_reached(runner) as address:
        return bool(names_in_service(open_store(address)))


@contextmanager
def _mlflow(store: Store, address: str, port: int, rest_after: float) -> Iterator[str]:
    """MLflow's server over the store, which rests. Yields its address. Raises `RuntimeError` when it does not
    start."""
    if not MLFLOW.exists():
        raise RuntimeError(f"{MLFLOW} is missing: `make track` installs it")
    with listen(port) as listener:
        port = port_of(listener)
    uri = f"http://{HOST}:{port}"
    with tempfile.TemporaryDirectory(prefix="lifeboat-mlflow-") as folder:
        log = Path(folder) / "server.log"
        command: list[str | Path] = [
            sys.executable, "-m", "functions.local.process.resting_server", "--port", str(port),
            "--rest-after", str(rest_after), "--ready", "/health", "--",
            MLFLOW, "-m", "mlflow", "server", "--host", HOST, "--port", "{port}", "--workers", "1",
            "--backend-store-uri", f"sqlite:///{folder}/mlflow.db",
            "--artifacts-destination", f"{address}/{ARTIFACTS}",
        ]  # fmt: skip
        variables = needed_of(os.environ) | _aws() | _QUIETLY
        if endpoint := os.environ.get(environment.ENDPOINT):
            variables["MLFLOW_S3_ENDPOINT_URL"] = endpoint
        # Of a run that was killed.
        _clear(store)
        with log.open("wb") as output, _process(command, variables, output.fileno()) as server:
            try:
                _wait_until_it_answers(server, f"{uri}/health", log)
                yield uri
            finally:
                _clear(store)


def _clear(store: Store) -> None:
    for entry in [*store.list(ARTIFACTS)]:
        store.delete(entry.key)


def _wait_until_it_answers(server: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while server.poll() is None and (left := until - time.monotonic()) > 0:
        try:
            # It is woken by this, and answers when it is ready.
            with urllib.request.urlopen(address, timeout=left) as answer:  # noqa: S310 - of this machine
                if answer.status == 200:
                    return
        except HTTPError:
            break
        except OSError:
            time.sleep(_POLL_SECONDS)
    raise RuntimeError(f"MLflow did not start:\n{log.read_text(errors='replace')[-2000:]}")


def _track(uri: str, address: str, *, once: bool) -> int:
    """Show everything, and go on doing so until stopped."""
    command = [sys.executable, "-m", "functions.track", "--all", "--tracking-uri", uri, "--store", address]
    if not once:
        command += ["--watch", str(WATCH_SECONDS)]
    with _process(command, needed_of(os.environ) | _aws()) as process:
        # Until Ctrl-C, or the end of what is asked once.
        while process.poll() is None:
            time.sleep(_POLL_SECONDS)
        return process.returncode


def _aws() -> dict[str, str]:
    """The way to the runner's store, which `store_reached` has put into the environment."""
    return {name: value for name, value in os.environ.items() if name.startswith("AWS_")}


@contextmanager
def _process(
    command: Sequence[str | Path], variables: Mapping[str, str], output: int | None = None
) -> "Iterator[subprocess.Popen[bytes]]":
    """A process in a session of its own, which is asked to end at the end, and then killed."""
    process = subprocess.Popen(  # noqa: S603 - commands of this repository
        command, cwd=ROOT, env=dict(variables), stdout=output, stderr=output, stdin=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_END_SECONDS)
        # And what it has started and left.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(_END_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
