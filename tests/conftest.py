"""What the tests share: stores in a folder and in S3, the Titanic's table, and a model trained from it."""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

# No test may reach a real account: the SDK finds these keys before any others.
os.environ.update(
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_EC2_METADATA_DISABLED="true",
    LIFEBOAT_DEFAULT_MODEL="titanic",
)
# Before OpenMP is loaded: by itself, a thread that waits for another keeps its core busy, and where another
# worker of pytest has that core, a fit takes four times as long. Nothing that comes out depends on it.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.pop("AWS_PROFILE", None)
os.environ.pop("AWS_ENDPOINT_URL", None)

from functions.core.storage import view
from functions.core.storage.contract import Store
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from tests.support import gateway
from tests.support import titanic as table

# scikit-learn is imported by the tests that train: of the others each would be seconds later.
if TYPE_CHECKING:
    from training.model.train import Trained
    from training.table.dataset import Dataset

Send = Callable[..., dict[str, Any]]
Call = Callable[..., tuple[int, dict[str, Any]]]

EVENTS = gateway.EVENTS
MODEL, SCHEMA, TITANIC = table.MODEL, table.SCHEMA, table.TABLE
# As small a selection as there is: the tests are about what happens around it.
os.environ["LIFEBOAT_FOLDS"] = "2"


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes name no test: packed ones hold the time, and two workers must give every test the same name."""
    return argname if isinstance(val, bytes) else None


# Mangum takes the thread's event loop at its adapter's import and at each call.
LOOP = asyncio.new_event_loop()
asyncio.set_event_loop(LOOP)


@pytest.fixture(scope="session", autouse=True)
def _close_the_loop() -> Iterator[None]:
    yield
    LOOP.close()


@pytest.fixture(autouse=True)
def _set_the_loop() -> None:
    """`asyncio.run` in another test takes it away."""
    asyncio.set_event_loop(LOOP)


@pytest.fixture(autouse=True)
def _train_once() -> None:
    """Uploads of the same rows share one training. What other processes train, they train themselves."""
    if "training.publication.upload" in sys.modules:
        from tests.support import trained_once

        trained_once.install()


@pytest.fixture(autouse=True)
def _describe_services_once() -> None:
    """Clients of AWS share what the SDK knows of its services. Other processes read it themselves."""
    if "botocore.loaders" in sys.modules:
        from tests.support import sdk_data

        sdk_data.install()


@pytest.fixture(scope="session")
def titanic() -> "Dataset":
    from training.table.dataset import load_dataset

    return load_dataset(TITANIC, SCHEMA)


@pytest.fixture(scope="session")
def trained(titanic: "Dataset") -> "Trained":
    from tests.support.trained_once import train_once
    from tests.support.training import QUICK, quiet

    return train_once(titanic, QUICK, quiet)


@pytest.fixture
def whole_store(tmp_path: Path) -> Store:
    """The store of all models."""
    return FolderStore(str(tmp_path / "store"))


@pytest.fixture
def store(whole_store: Store) -> ModelStore:
    """One model's part of it."""
    return ModelStore(whole_store, MODEL)


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which the shipped table made the champion. A test that writes makes a copy of it."""
    from tests.support import trained_once, training

    trained_once.install()
    folder = tmp_path_factory.mktemp("published")
    store = ModelStore(FolderStore(str(folder)), MODEL)
    store.put(view.SCHEMA, SCHEMA.as_json())
    assert training.publish(store).status == "promoted"
    return folder


@pytest.fixture
def send(published: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Send]:
    """Sends one request through predict's handler, as the gateway would; returns the gateway's answer."""
    from functions.predict import service
    from functions.predict.handler import handler

    monkeypatch.setenv("LIFEBOAT_STORE", str(published))
    service.service.cache_clear()

    def send(
        method: str, path: str, body: str | bytes | None = None, *, query: str = "", **options: Any
    ) -> dict[str, Any]:
        return gateway.send(handler, method, f"{path}?{query}" if query else path, body, **options)

    yield send
    service.service.cache_clear()


@pytest.fixture
def call(send: Send) -> Call:
    """The same for JSON; returns status and body."""

    def call(*request: Any, **changes: Any) -> tuple[int, dict[str, Any]]:
        answer = send(*request, **changes)
        assert answer["headers"]["content-type"] == "application/json"
        return answer["statusCode"], json.loads(answer["body"])

    return call


@pytest.fixture
def event() -> Callable[[str], dict[str, Any]]:
    """A golden event by the name of its file."""
    return gateway.read_event


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """An S3 protocol on a socket."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """boto3's own client of an empty, versioned bucket; the functions find the same one."""
    from functions.retrain import handler as retrain_handler
    from tests.support.buckets import new_bucket
    from tests.support.uploads import BUCKET

    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("LIFEBOAT_STORE", f"s3://{BUCKET}")
    for cached in (retrain_handler._settings, retrain_handler._store):
        cached.cache_clear()
    with new_bucket(BUCKET) as client:
        yield client
