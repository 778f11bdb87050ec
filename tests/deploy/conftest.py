"""What `make test-deploy` needs, made once and taken away at the end: the emulator, and a deployed stage."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from functions.local.environment import Credentials
from functions.local.sam import TEMPLATE
from functions.local.state import BUILD
from tests.deploy.emulated import CHANGES, read_emulated
from tests.deploy.emulator import Emulator, running_emulator
from tests.deploy.environment import provide_environment
from tests.deploy.exercise_refusals import make_uploader
from tests.deploy.sam_deploy import SAM
from tests.deploy.stage import Stage
from tests.sam.conftest import CANNOT_RUN, Steps
from tests.sam.machine import Unavailable

REASON = BUILD / "test-deploy-cannot-run"
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
def step() -> Steps:
    return Steps()


@pytest.fixture(scope="session")
def emulator(step: Steps) -> Iterator[Emulator]:
    REASON.unlink(missing_ok=True)
    for path, target in ((SAM, "installed-sam"), (TEMPLATE, "build")):
        if not path.exists():
            pytest.exit(f"{path} is missing: make {target}", 1)
    folder = Path(tempfile.mkdtemp(prefix="lifeboat-deploy-"))
    try:
        with step("emulator") as said:
            try:
                said.append(provide_environment())
            except Unavailable as reason:
                BUILD.mkdir(exist_ok=True)
                REASON.write_text(f"{reason}\n")
                pytest.exit(f"Cannot run here: {reason}", CANNOT_RUN)
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


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """No dots between the lines of the steps."""
    if report.failed:
        return None
    return "passed" if report.when == "call" else "", "", ""
