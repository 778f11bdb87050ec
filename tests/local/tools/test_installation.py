"""The script that makes the environments: really made, of real wheels, without a network."""

import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.local.tools import installation
from functions.local.tools.installation import SETS, CannotInstall, Stamp, install

ROOT = Path(__file__).parents[3]
SCRIPT = Path("functions", "local", "tools", "installation.py")
SECONDS = 600


class Project:
    """A checkout with locks of its own, whose packages are in a folder."""

    def __init__(self, root: Path, wheels: Path, uv: str) -> None:
        self.root = root
        self._wheels = wheels
        self._uv = uv
        (root / SCRIPT).parent.mkdir(parents=True)
        shutil.copy(ROOT / SCRIPT, root / SCRIPT)
        for lock in {lock for kind in SETS.values() for locks in kind.locks.values() for lock in locks}:
            (root / lock).parent.mkdir(parents=True, exist_ok=True)
            self.lock(lock)

    def lock(self, path: str, *packages: tuple[str, str]) -> None:
        """Have a lock file name uv and these packages, by name and version."""
        lines = [self._uv, *(_made_wheel(self._wheels, name, version) for name, version in packages)]
        (self.root / path).write_text("".join(lines))

    def install(self, name: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "UV_"))}
        environment |= {
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self._wheels),
            "UV_NO_INDEX": "1",
            "UV_FIND_LINKS": str(self._wheels),
            "UV_CACHE_DIR": str(self._wheels / "cache"),
        }
        environment.pop("PYTHON", None)
        return subprocess.run(
            [sys.executable, "-I", SCRIPT, name, "no-such-python", sys.executable],
            cwd=self.root,
            env=environment | variables,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def installed(self, folder: str = ".venv") -> dict[str, str]:
        """The packages of an environment that are of these tests, with their versions."""
        found = (self.root / folder).glob("lib/python*/site-packages/*.dist-info")
        names = [path.name.removesuffix(".dist-info").rsplit("-", 1) for path in found]
        return {name: version for name, version in names if name.startswith("life")}


def _made_wheel(folder: Path, name: str, version: str) -> str:
    """Make a wheel of a package with nothing in it; returns its line of a lock."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    path = folder / f"{name}-{version}-py3-none-any.whl"
    return _zipped(path, {place: text.encode() for place, text in files.items()}, info, name, version)


def _zipped(path: Path, files: dict[str, bytes], info: str, name: str, version: str) -> str:
    if not path.exists():
        with zipfile.ZipFile(path, "w") as wheel:
            for place, content in files.items():
                entry = zipfile.ZipInfo(place, (2026, 1, 1, 0, 0, 0))
                entry.external_attr = (stat.S_IFREG | 0o755) << 16
                wheel.writestr(entry, content)
            wheel.writestr(f"{info}/RECORD", "".join(f"{place},,\n" for place in [*files, f"{info}/RECORD"]))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"{name}=={version} \\\n    --hash=sha256:{digest}\n    # via the tests\n"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("wheels")


@pytest.fixture(scope="module")
def uv(wheels: Path) -> str:
    """The uv of this environment as a wheel again; returns its lines of a lock."""
    here = importlib.metadata.distribution("uv")
    info = f"uv-{here.version}.dist-info"
    files = {}
    for file in here.files or ():
        place = Path(str(here.locate_file(file))).resolve()
        if "bin/" in str(file):
            files[f"uv-{here.version}.data/scripts/{place.name}"] = place.read_bytes()
        elif place.name in {"METADATA", "WHEEL"} or (file.parts[0] == "uv" and place.suffix == ".py"):
            files[str(file)] = place.read_bytes()
    wheel = files[f"{info}/WHEEL"].decode()
    tag = re.findall(r"^Tag: (\S+)$", wheel, re.MULTILINE)[0]
    return _zipped(wheels / f"uv-{here.version}-{tag}.whl", files, info, "uv", here.version)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, wheels: Path, uv: str) -> Project:
    """A project whose environment is made once: the tests ask more and more of it."""
    return Project(tmp_path_factory.mktemp("project").resolve(), wheels, uv)


@pytest.fixture
def project(shared: Project) -> Iterator[Project]:
    """The same, with `run` installed and no lock changed."""
    shared.lock("requirements.txt", ("lifeboat_a", "1"))
    done = shared.install("run")
    assert done.returncode == 0, done.stderr
    yield shared
    shared.lock("requirements-dev.txt", ("lifeboat_a", "1"))
    shared.lock("requirements.txt", ("lifeboat_a", "1"))


def test_an_environment_is_made_from_its_lock_and_the_next_time_nothing_is_done(shared: Project) -> None:
    shared.lock("requirements.txt", ("lifeboat_a", "1"))
    first = shared.install("run")
    assert first.returncode == 0, first.stderr
    version = ".".join(map(str, sys.version_info[:3]))
    assert f"Making .venv with Python {version} ({sys.executable})" in first.stderr
    assert "Installing the packages of requirements.txt" in first.stderr
    assert shared.installed() == {"lifeboat_a": "1"}
    assert shared.install("run").stderr == ""


def test_a_changed_lock_is_installed_and_what_it_no_longer_names_is_removed(project: Project) -> None:
    project.lock("requirements.txt", ("lifeboat_a", "2"), ("lifeboat_b", "1"))
    done = project.install("run")
    assert done.returncode == 0, done.stderr
    assert "Making" not in done.stderr
    assert project.installed() == {"lifeboat_a": "2", "lifeboat_b": "1"}


def test_what_cannot_be_installed_is_tried_again_and_nothing_is_made_anew(project: Project) -> None:
    lock = project.root / "requirements.txt"
    lock.write_text(lock.read_text() + "lifeboat_gone==1 --hash=sha256:" + "0" * 64 + "\n")
    for _ in range(2):
        failed = project.install("run")
        assert failed.returncode == 1
        assert "The packages of requirements.txt could not be installed; why stands above" in failed.stderr
        assert "Making" not in failed.stderr


def test_another_environment_is_made_beside_with_the_same_python(project: Project) -> None:
    project.lock("tests/sam/requirements.txt", ("lifeboat_sam", "1"))
    done = project.install("sam")
    assert done.returncode == 0, done.stderr
    assert project.installed(".venv-sam") == {"lifeboat_sam": "1"}
    assert project.installed() == {"lifeboat_a": "1"}
    assert project.install("sam").stderr == ""


def test_what_was_asked_for_once_is_kept_up_to_date_by_whatever_asks_for_less(project: Project) -> None:
    project.lock("requirements-dev.txt", ("lifeboat_a", "1"), ("lifeboat_dev", "1"))
    assert project.install("dev").returncode == 0
    assert project.install("run").stderr == ""
    project.lock("requirements-dev.txt", ("lifeboat_a", "1"), ("lifeboat_dev", "2"))
    done = project.install("run")
    assert "Installing the packages of requirements-dev.txt" in done.stderr
    assert project.installed() == {"lifeboat_a": "1", "lifeboat_dev": "2"}


def test_a_python_that_does_not_run_is_said_and_the_environment_stays(project: Project) -> None:
    done = project.install("run", PYTHON="/nonexistent/python")
    assert done.returncode == 0
    assert "PYTHON=/nonexistent/python: this does not run, so .venv stays as it is" in done.stderr
    assert "Making" not in done.stderr


def test_an_environment_that_was_moved_is_made_anew(
    shared: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path.resolve() / "moved"
    shutil.copytree(shared.root / ".venv", root / ".venv", symlinks=True)
    shutil.copy(shared.root / "requirements.txt", root)
    # Without pip, which takes longest: what is installed, the first of these tests asks.
    bare = tmp_path / "python3"
    bare.write_text(
        f'#!/bin/sh\ncase "$*" in *venv*) set -- "$@" --without-pip;; esac\nexec {sys.executable} "$@"\n'
    )
    bare.chmod(0o755)
    monkeypatch.delenv("PYTHON", raising=False)
    with pytest.raises(CannotInstall, match="pip could not install uv"):
        install("run", [str(bare)], root=root)
    assert "Making .venv with Python" in capfd.readouterr().err
    assert root.name in (root / ".venv" / "bin" / "activate").read_text()


# ---- Without making anything


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which an environment stands, with a Python that is this one."""
    monkeypatch.delenv("PYTHON", raising=False)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    (tmp_path / "requirements.txt").write_text("")
    return tmp_path


def test_without_a_python_that_is_new_enough_it_says_how_to_name_one(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("")
    with pytest.raises(CannotInstall, match=r"none was found as no-such-python or /bin/false.\nInstall one"):
        install("run", ["no-such-python", "/bin/false"], root=tmp_path)


def test_an_old_python_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "python3.9"
    old.write_text("#!/bin/sh\necho 50925552\n")
    old.chmod(0o755)
    (tmp_path / "requirements.txt").write_text("")
    monkeypatch.setenv("PYTHON", str(old))
    with pytest.raises(CannotInstall, match=r"python3\.9: this does not run, or is older than 3\.11"):
        install("run", [sys.executable], root=tmp_path)


def test_a_python_without_venv_says_which_package_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """As Debian's: it runs, and its venv fails."""
    bare = tmp_path / "python3"
    bare.write_text(f'#!/bin/sh\ncase "$*" in *venv*) exit 1;; esac\nexec {sys.executable} "$@"\n')
    bare.chmod(0o755)
    (tmp_path / "requirements.txt").write_text("")
    monkeypatch.delenv("PYTHON", raising=False)
    with pytest.raises(CannotInstall, match="On Debian and Ubuntu: apt install python3-venv"):
        install("run", [str(bare)], root=tmp_path)
    assert not (tmp_path / ".venv").exists()


def test_a_lock_without_uv_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHON", raising=False)
    (tmp_path / "requirements.txt").write_text("numpy==2.4.6\n")
    bare = tmp_path / "python3"
    bare.write_text(
        f'#!/bin/sh\ncase "$*" in *venv*) mkdir .venv; exit 0;; esac\nexec {sys.executable} "$@"\n'
    )
    bare.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CannotInstall, match=r"requirements\.txt has no uv, .*: make lock"):
        install("run", [str(bare)], root=tmp_path)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"folder": 1}', "\0"])
def test_a_stamp_that_cannot_be_read_is_none(folder: Path, text: str) -> None:
    (folder / ".venv" / ".installed").write_text(text)
    with pytest.raises(CannotInstall, match="none was found as no-such-python"):
        install("run", ["no-such-python"], root=folder)


def test_another_version_than_that_of_the_stamp_is_made_anew(folder: Path) -> None:
    digest = hashlib.sha256(b"").hexdigest()
    Stamp(str(folder / ".venv"), sys.hexversion, "run", digest).write()
    install("run", [], root=folder)
    Stamp(str(folder / ".venv"), sys.hexversion - 1, "run", digest).write()
    with pytest.raises(CannotInstall):
        install("run", ["no-such-python"], root=folder)


def test_a_stamp_is_written_whole(folder: Path) -> None:
    stamp = Stamp(str(folder / ".venv"), 1, "run", "0")
    stamp.write()
    assert Stamp(**json.loads((folder / ".venv" / ".installed").read_text())) == stamp
    assert sorted(path.name for path in (folder / ".venv").iterdir()) == [".installed", "bin"]


def test_the_script_imports_nothing_but_pythons_own_library() -> None:
    text = (ROOT / SCRIPT).read_text()
    imported = set(re.findall(r"^(?:import|from) (\w+)", text, re.MULTILINE))
    assert imported <= sys.stdlib_module_names


def test_every_lock_of_an_environment_is_in_the_repository() -> None:
    locks = {lock for kind in SETS.values() for locks in kind.locks.values() for lock in locks}
    assert {lock for lock in locks if not (installation.ROOT / lock).is_file()} == set()


def test_a_command_that_does_not_end_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "SECONDS", 0.1)
    with pytest.raises(CannotInstall, match=r"sleep took over 0\.1 s; is the index there"):
        installation._run(["sleep", "60"])
