"""What `make test-sam` needs, made once and taken away at the end: engine, image, store, API."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from functions.core.identity.key_list import add
from functions.core.identity.keys import make_key
from functions.core.storage.contract import Store
from functions.core.storage.parameter_opening import open_parameter
from tests.conftest import MODEL, SCHEMA, TITANIC
from tests.sam.image import provide_image
from tests.sam.sam_cli import SAM, TEMPLATE, Invocation, invoke, s3_put_event, started_api
from tests.sam.store import BUCKET, served_store
from tests.support.cannot_run import or_cannot_run, require_built
from tests.support.commands import only
from tests.support.engine import Engine, running_engine
from tests.support.parameters import wait_for_parameters
from tests.support.steps import Steps, pytest_report_teststatus, step

__all__ = ["TARGET", "only", "pytest_report_teststatus", "step"]

TARGET = "test-sam"
KEY = "datasets/titanic/titanic.csv"
# Where template.yaml's authorizer looks when nobody names a stage; the endpoint of the store keeps it, too.
API_KEYS = "ssm:/lifeboat/dev/keys"


@pytest.fixture(scope="session", autouse=True)
def _terminated_in_order() -> Iterator[None]:
    """A run that is told to end takes down what it started, as after Ctrl-C."""

    def interrupt(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest, step: Steps) -> Iterator[Engine]:
    """A container engine that has the image of Lambda's runtime."""
    require_built((SAM, "installed-sam"), (TEMPLATE, "build"))
    with ExitStack() as stack, or_cannot_run(TARGET, request.session):
        with step("engine") as said:
            engine = stack.enter_context(running_engine())
            origin = "started for this run" if engine.started_here else "there already"
            said.append(f"docker {engine.version}, {origin}")
        with step("image") as said:
            said.append(provide_image(engine))
        yield engine


@pytest.fixture(scope="session")
def store(request: pytest.FixtureRequest, engine: Engine, step: Steps) -> Iterator[Store]:
    """An empty store that the functions reach. It stands in for the folder store of the other tests."""
    with ExitStack() as stack, or_cannot_run(TARGET, request.session):
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
