"""Where something is missing or fails, the run says what and ends; it never passes for a run that tested."""

import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from functions.local.child import ROOT
from tests.conftest import EVENTS
from tests.sam import image, memory
from tests.sam.conftest import CANNOT_RUN, REASON
from tests.sam.engine import Engine, running_engine
from tests.sam.image import provide_image
from tests.sam.machine import Unavailable, install
from tests.sam.memory import MemoryWatch
from tests.sam.sam_cli import invoke
from tests.sam.store import served_store

Commands = Callable[..., None]

# An engine that has no image and reaches no registry: of what it is asked, only `image rm` succeeds.
NO_IMAGE = 'test "$2" = rm'

ROOT_USER, SOMEBODY = 0, 1000


@pytest.fixture
def only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    """Makes this machine one that has the commands given, as shell scripts, and no others."""

    def only(user: int, **scripts: str) -> None:
        for name, script in scripts.items():
            command = tmp_path / name.replace("_", "-")
            command.write_text(f"#!/bin/sh\n{script}\n")
            command.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(os, "geteuid", lambda: user)

    return only


def test_without_an_engine_only_root_goes_on(only: Commands) -> None:
    only(SOMEBODY, docker="exit 1")
    with pytest.raises(Unavailable, match="only root could start one"), running_engine():
        pass


def test_a_package_is_installed_by_apt_or_not_at_all(only: Commands) -> None:
    only(ROOT_USER)
    with pytest.raises(Unavailable, match=r"docker\.io is missing"):
        install("docker.io")


def test_apts_reason_is_told(only: Commands) -> None:
    only(ROOT_USER, apt_get="echo 'E: Unable to locate package docker.io' >&2; exit 100")
    with pytest.raises(Unavailable, match="Unable to locate package"):
        install("docker.io")


def test_an_engine_that_does_not_start_tells_why(only: Commands) -> None:
    only(ROOT_USER, docker="exit 1", dockerd="echo 'cannot mount cgroups'; exit 1")
    with pytest.raises(Unavailable, match="cannot mount cgroups"), running_engine():
        pass


def test_an_image_that_cannot_be_pulled_needs_root(only: Commands) -> None:
    only(SOMEBODY, docker=NO_IMAGE)
    with pytest.raises(Unavailable, match="could not be pulled, and"):
        provide_image(Engine("0"))


def test_debootstraps_reason_is_told(only: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    only(ROOT_USER, docker=NO_IMAGE, apt_get="", debootstrap="echo 'E: no such script'; exit 1")
    with pytest.raises(Unavailable, match="E: no such script"):
        provide_image(Engine("0"))


def test_the_stand_in_comes_from_the_mirror_of_the_machine(only: Commands) -> None:
    only(
        SOMEBODY,
        apt_get="echo 'Debian-Security http://security.example'; echo 'Debian http://mirror.example/debian/'",
    )
    assert image._mirror() == ["http://mirror.example/debian/"]


def test_without_apt_debootstrap_chooses_the_mirror(only: Commands) -> None:
    only(SOMEBODY)
    assert image._mirror() == []


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
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "tests/sam",
            "--no-cov",
            "-p",
            "no:cacheprovider",
            "-q",
            "-k",
            "ready",
        ],
        env={**os.environ, "PATH": str(tmp_path)},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    reason = REASON.read_text().strip()
    REASON.unlink()
    assert run.returncode == CANNOT_RUN
    assert reason
    assert f"Cannot run here: {reason}" in run.stdout + run.stderr
