"""Where something is missing or fails, the run says what and ends; it never passes for a run that tested."""

import platform
from pathlib import Path

import pytest

from tests.conftest import EVENTS
from tests.sam import memory
from tests.sam.conftest import TARGET
from tests.sam.image import provide_image
from tests.sam.memory import MemoryWatch
from tests.sam.sam_cli import invoke
from tests.sam.store import served_store
from tests.support.cannot_run import run_unable
from tests.support.commands import ROOT_USER, SOMEBODY, Commands
from tests.support.engine import Engine
from tests.support.machine import Unavailable

# An engine that has no image and reaches no registry: of what it is asked, only `image rm` succeeds.
NO_IMAGE = 'test "$2" = rm'


def test_an_image_that_cannot_be_pulled_needs_root(only: Commands) -> None:
    only(SOMEBODY, docker=NO_IMAGE)
    with pytest.raises(Unavailable, match="could not be pulled, and"):
        provide_image(Engine("0"))


def test_debootstraps_reason_is_told(only: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    only(ROOT_USER, docker=NO_IMAGE, apt_get="", debootstrap="echo 'E: no such script'; exit 1")
    with pytest.raises(Unavailable, match="E: no such script"):
        provide_image(Engine("0"))


def test_a_store_at_an_address_of_another_machine_does_not_start() -> None:
    with pytest.raises(Unavailable, match=r"192\.0\.2\.1"), served_store("192.0.2.1"):
        pass


def test_a_container_that_never_ran_has_no_memory(monkeypatch: pytest.MonkeyPatch, only: Commands) -> None:
    monkeypatch.setattr(memory, "START_SECONDS", 0.3)
    only(SOMEBODY, docker="exit 1")
    with pytest.raises(RuntimeError, match="could not be read"):
        MemoryWatch(Engine("0"), "0123456789ab").result()


def test_a_function_that_sam_does_not_know_fails(engine: Engine) -> None:
    with pytest.raises(RuntimeError, match="NoFunction"):
        invoke(engine, "NoFunction", EVENTS / "http_predict.json")


def test_a_run_without_an_engine_has_an_exit_code_of_its_own(tmp_path: Path, engine: Engine) -> None:
    reason = run_unable(TARGET, "tests/sam", "-k", "ready", environment={"PATH": str(tmp_path)})
    assert "docker" in reason
