"""What `make test-sam` needs, made once and taken away at the end: engine, image, store, API."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from functions.core.identity.key_list import add
from functions.core.identity.keys import make_key
from functions.core.storage.contract import Store
from functions.core.storage.parameter_opening import open_parameter
from functions.local.state import BUILD
from tests.conftest import MODEL, SCHEMA, TITANIC
from tests.sam.engine import Engine, running_engine
from tests.sam.image import provide_image
from tests.sam.machine import Unavailable
from tests.sam.sam_cli import SAM, TEMPLATE, Invocation, invoke, s3_put_event, started_api
from tests.sam.store import BUCKET, served_store
from tests.support.parameters import wait_for_parameters

# The exit code of a run that tested nothing, because this machine lacks what it takes. `make` turns it
# into its own 2, so the reason is also left in a file, where .ci/run finds it.
CANNOT_RUN = 77
REASON = BUILD / "test-sam-cannot-run"

KEY = "datasets/titanic/titanic.csv"
# Where template.yaml's authorizer looks when nobody names a stage; the endpoint of the store keeps it, too.
API_KEYS = "ssm:/lifeboat/dev/keys"


class Steps:
    """Prints a line for each step: its name, its seconds, what came of it."""

    @contextmanager
    def __call__(self, name: str) -> Iterator[list[str]]:
        """What is appended to the list yielded is printed, each on a line of its own."""
        words: list[str] = []
        started = time.monotonic()
        yield words
        seconds = time.monotonic() - started
        print(f"{name:<10} {seconds:6.1f} s  " + ("\n" + " " * 21).join(words), flush=True)


@pytest.fixture(scope="session")
def step() -> Steps:
    return Steps()


@pytest.fixture(scope="session", autouse=True)
def _terminated_in_order() -> Iterator[None]:
    """A run that is told to end takes down what it started, as after Ctrl-C."""

    def interrupt(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@contextmanager
def _or_cannot_run() -> Iterator[None]:
    try:
        yield
    except Unavailable as reason:
        BUILD.mkdir(exist_ok=True)
        REASON.write_text(f"{reason}\n")
        pytest.exit(f"Cannot run here: {reason}", CANNOT_RUN)


@pytest.fixture(scope="session")
def engine(step: Steps) -> Iterator[Engine]:
    """A container engine that has the image of Lambda's runtime."""
    REASON.unlink(missing_ok=True)
    for path, target in ((SAM, "installed-sam"), (TEMPLATE, "build")):
        if not path.exists():
            pytest.exit(f"{path} is missing: make {target}", 1)
    with ExitStack() as stack, _or_cannot_run():
        with step("engine") as said:
            engine = stack.enter_context(running_engine())
            origin = "started for this run" if engine.started_here else "there already"
            said.append(f"docker {engine.version}, {origin}")
        with step("image") as said:
            said.append(provide_image(engine))
        yield engine


@pytest.fixture(scope="session")
def store(engine: Engine, step: Steps) -> Iterator[Store]:
    """An empty store that the functions reach. It stands in for the folder store of the other tests."""
    with ExitStack() as stack, _or_cannot_run():
        with step("store") as said:
            store = stack.enter_context(served_store(engine.gateway()))
            said.append(f"S3 endpoint {os.environ['AWS_ENDPOINT_URL']}")
        yield store


@pytest.fixture(scope="session")
def retrained(
    engine: Engine, store: Store, step: Steps, tmp_path_factory: pytest.TempPathFactory
) -> Invocation:
    """The retrain bundle's answer to the upload of the shipped table, given 2 GiB of memory."""
    store.put(f"schemas/{MODEL}.json", SCHEMA.as_json())
    store.put(KEY, TITANIC.read_bytes())
    event = tmp_path_factory.mktemp("events") / "s3_put.json"
    event.write_text(json.dumps(s3_put_event(engine, BUCKET, KEY)))
    with step("retrain") as said:
        invocation = invoke(engine, "RetrainFunction", event, RetrainMemory="2048")
        said.append(json.dumps(invocation.answer))
        peak, limit = _mib(invocation.memory.peak), _mib(invocation.memory.limit)
        said.append(f"{invocation.seconds:.1f} s in the function, {peak} at its peak of {limit}")
    return invocation


@pytest.fixture(scope="session")
def api(engine: Engine, retrained: Invocation, step: Steps) -> Iterator[httpx.Client]:
    """A client, with a key, of the API that `sam local start-api` serves; a model is in service."""
    now = datetime.now(UTC)
    text, key = make_key(["predict"], "test-sam", now)
    wait_for_parameters()
    add(open_parameter(API_KEYS), key, now)
    with ExitStack() as stack:
        with step("start-api") as said:
            address = stack.enter_context(started_api(engine))
            said.append(address)
        headers = {"x-api-key": text}
        yield stack.enter_context(
            httpx.Client(base_url=address, headers=headers, timeout=60, trust_env=False)
        )


def _mib(size: int) -> str:
    return f"{size / 2**20:,.0f} MiB"


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """No dots between the lines of the steps."""
    if report.failed:
        return None
    return "passed" if report.when == "call" else "", "", ""
