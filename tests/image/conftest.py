"""What `make test-image` needs: a container engine, a base image, the wheels, and the image made of them."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from functions.local.process.state import BUILD
from tests.image.base import provide_base
from tests.support.cannot_run import or_cannot_run
from tests.support.engine import Engine, running_engine

ROOT = Path(__file__).parents[2]
TARGET = "test-image"
IMAGE = "lifeboat-training"
WHEELS = BUILD / "wheels"
BUILD_SECONDS = 900.0


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    with ExitStack() as stack:
        with or_cannot_run(TARGET, request.session):
            engine = stack.enter_context(running_engine())
        yield engine


@pytest.fixture(scope="session")
def image(request: pytest.FixtureRequest, engine: Engine) -> str:
    """The id of the image, `sha256:...`, built without any network."""
    with or_cannot_run(TARGET, request.session):
        base = provide_base(engine)
    if not any(WHEELS.glob("*.whl")):
        pytest.exit(f"{WHEELS} has no wheels: make wheels", 1)
    done = subprocess.run(
        ["docker", "build", "--network", "none", "--build-arg", f"BASE={base}", "--tag", IMAGE, str(ROOT)],
        # The builder that needs no plugin.
        env={**engine.environment(), "DOCKER_BUILDKIT": "0"},
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-3_000:]
    return engine.docker("image", "inspect", IMAGE, "--format", "{{.Id}}")
