"""What `make test-image` needs: a container engine, a base image, the wheels, and the image made of them."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

import pytest

from functions.local.state import BUILD
from tests.image.base import provide_base
from tests.sam.engine import Engine, running_engine
from tests.sam.machine import Unavailable

ROOT = Path(__file__).parents[2]
IMAGE = "lifeboat-training"
WHEELS = BUILD / "wheels"
BUILD_SECONDS = 900.0
# As with `make test-sam`: the exit code of a run that tested nothing, and the file with the reason.
CANNOT_RUN = 77
REASON = BUILD / "test-image-cannot-run"


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    REASON.unlink(missing_ok=True)
    with ExitStack() as stack:
        try:
            yield stack.enter_context(running_engine())
        except Unavailable as reason:
            _give_up(reason)


@pytest.fixture(scope="session")
def image(engine: Engine) -> str:
    """The id of the image, `sha256:...`, built without any network."""
    try:
        base = provide_base(engine)
    except Unavailable as reason:
        _give_up(reason)
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


def _give_up(reason: Unavailable) -> NoReturn:
    BUILD.mkdir(exist_ok=True)
    REASON.write_text(f"{reason}\n")
    pytest.exit(f"Cannot run here: {reason}", CANNOT_RUN)
