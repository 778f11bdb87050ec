"""The real SAM command line, run on the built bundles."""

import json
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import httpx

from functions.local.process.child import ROOT
from functions.local.process.listening import HOST, listen, port_of
from functions.local.tools.sam import write_local_template
from tests.sam.memory import Memory, MemoryWatch
from tests.support.engine import Engine

SAM = ROOT / ".venv-sam" / "bin" / "sam"
TEMPLATE = ROOT / ".aws-sam" / "build" / "template.yaml"

CONTAINER = re.compile(r"SAM_CONTAINER_ID: (\w+)")
DURATION = re.compile(r"\tDuration: ([\d.]+) ms")
START_SECONDS = 60.0
STOP_SECONDS = 30.0
# A training included. SAM has the limit of the template, which a container that is lost evades.
INVOKE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Invocation:
    """A function's answer, the seconds it took in its runtime (imports included) and its memory."""

    answer: Any
    seconds: float
    memory: Memory


def s3_put_event(engine: Engine, bucket: str, key: str) -> dict[str, Any]:
    """The event that `sam local generate-event` makes for an upload."""
    made = subprocess.run(
        [SAM, "local", "generate-event", "s3", "put", "--bucket", bucket, "--key", key],
        env=_environment(engine),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=True,
    )
    event: dict[str, Any] = json.loads(made.stdout)
    return event


def invoke(engine: Engine, function: str, event: Path, **parameters: str) -> Invocation:
    """`sam local invoke`, with other values for `parameters` of the template.

    Raises `RuntimeError`, with the log, when the function fails or SAM does.
    """
    overrides = [f"{name}={value}" for name, value in parameters.items()]
    with _sam(
        engine,
        *("invoke", function, "--event", str(event)),
        *(["--parameter-overrides", *overrides] if overrides else []),
    ) as sam:
        answer = sam.answer()
        memory = sam.memory()
    duration = DURATION.search(sam.log)
    if not duration or "errorType" in answer:
        raise RuntimeError(f"{function} failed.\n{sam.log}\n{answer}")
    return Invocation(json.loads(answer), float(duration[1]) / 1000, memory)


@contextmanager
def started_api(engine: Engine) -> Iterator[str]:
    """`sam local start-api`. Yields its address; a function's container is kept for the next request."""
    with listen(0) as free:
        port = port_of(free)
    address = f"http://{HOST}:{port}"
    with _sam(engine, "start-api", "--host", HOST, "--port", str(port), "--warm-containers", "LAZY") as sam:
        deadline = time.monotonic() + START_SECONDS
        while not _listens(address):
            if not sam.runs or time.monotonic() > deadline:
                raise RuntimeError(f"sam local start-api did not start.\n{sam.log}")
            time.sleep(0.2)
        yield address


class _Sam:
    """A running `sam local ...`: what it logs, and the containers it made."""

    def __init__(self, engine: Engine, process: subprocess.Popen[str]) -> None:
        self._engine = engine
        self._process = process
        self._watch: MemoryWatch | None = None
        self.log = ""
        self.containers: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def runs(self) -> bool:
        return self._process.poll() is None

    def answer(self) -> str:
        """What the function answered, once SAM has ended. Raises `RuntimeError` when it does not end."""
        answers: list[str] = []
        # Not `communicate`: what SAM logs is read elsewhere, as it comes.
        reader = threading.Thread(
            target=lambda: answers.append(cast(IO[str], self._process.stdout).read()), daemon=True
        )
        reader.start()
        try:
            self._process.wait(INVOKE_SECONDS)
        except subprocess.TimeoutExpired:
            raise RuntimeError(
                f"sam local did not end in {INVOKE_SECONDS:.0f} seconds; is its container gone?\n{self.log}"
            ) from None
        for thread in (reader, self._reader):
            thread.join(STOP_SECONDS)
        if not answers:
            raise RuntimeError(f"what sam local started holds its output open.\n{self.log}")
        return answers[0].strip()

    def memory(self) -> Memory:
        """Of the first container. Raises `RuntimeError` when there was none."""
        if not self._watch:
            raise RuntimeError(f"SAM started no container.\n{self.log}")
        return self._watch.result()

    def stop(self) -> None:
        """End SAM as Ctrl-C does, and remove what containers it leaves."""
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_SECONDS)
        self._reader.join(STOP_SECONDS)
        if self.containers:
            self._engine.docker("rm", "--force", *self.containers)

    def _read(self) -> None:
        for line in cast(IO[str], self._process.stderr):
            self.log += line
            if found := CONTAINER.search(line):
                self.containers.append(found[1])
                if not self._watch:
                    self._watch = MemoryWatch(self._engine, found[1])


@contextmanager
def _sam(engine: Engine, command: str, *arguments: str) -> Iterator[_Sam]:
    template = write_local_template(TEMPLATE)
    process = subprocess.Popen(
        # The image is there (image.py); asking a registry whether it is the newest would need one.
        [SAM, "local", command, *arguments, "--template", template, "--skip-pull-image"],
        env=_environment(engine),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Ctrl-C is for the tests, which then stop SAM in order.
        start_new_session=True,
    )
    with process:
        sam = _Sam(engine, process)
        try:
            yield sam
        finally:
            sam.stop()


def _environment(engine: Engine) -> Mapping[str, str]:
    """The store's address and the keys to it travel from here into the functions.

    `sam local` hands on the credentials and region it finds, and of other variables those that its template
    declares, with their values in this environment (AWS_ENDPOINT_URL, LIFEBOAT_STORE).
    """
    return {**engine.environment(), "SAM_CLI_TELEMETRY": "0", "PYTHONUNBUFFERED": "1"}


def _listens(address: str) -> bool:
    try:
        httpx.get(address, timeout=START_SECONDS, trust_env=False)
    except httpx.TransportError:
        return False
    return True
