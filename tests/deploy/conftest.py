"""What `make test-deploy` needs, made once and taken away at the end: the emulator, and a deployed stage."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from functions.local.process.environment import Credentials
from functions.local.tools.sam import TEMPLATE
from tests.deploy.emulated import CHANGES, read_emulated
from tests.deploy.emulator import Emulator, running_emulator
from tests.deploy.environment import provide_environment
from tests.deploy.exercise_refusals import make_uploader
from tests.deploy.sam_deploy import SAM
from tests.deploy.stage import Stage
from tests.support.cannot_run import or_cannot_run, require_built
from tests.support.steps import Steps, pytest_report_teststatus, step

__all__ = ["TARGET", "pytest_report_teststatus", "step"]

TARGET = "test-deploy"
# What the later modules look at was done by the earlier ones: one stage lives through all of it.
ORDER = [
    "test_cannot_run",
    "test_drive",
    "test_roles",
    "test_refusals",
    "test_mutations",
    "test_releases",
    "test_commands",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: ORDER.index(item.path.stem))


@pytest.fixture(scope="session")
def emulator(request: pytest.FixtureRequest, step: Steps) -> Iterator[Emulator]:
    require_built((SAM, "installed-sam"), (TEMPLATE, "build"))
    folder = Path(tempfile.mkdtemp(prefix="lifeboat-deploy-"))
    try:
        with step("emulator") as said, or_cannot_run(TARGET, request.session):
            said.append(provide_environment())
        with running_emulator(folder) as emulator:
            yield emulator
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def stage(emulator: Emulator, step: Steps) -> Iterator[Stage]:
    """The built template, deployed by SAM as the stage `dev`."""
    stage = Stage(emulator, "dev")
    with step("sam deploy") as said:
        stage.deploy(read_emulated(TEMPLATE), TEMPLATE.parent)
        said.append(f"{len(stage.resources)} resources")
        said += [f"changed for the emulator: {change.__name__}, {change.__doc__}" for change in CHANGES]
    with closing(stage):
        yield stage


@pytest.fixture(scope="session")
def uploader(stage: Stage) -> Credentials:
    return make_uploader(stage)
