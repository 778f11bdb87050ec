"""A container engine: the one that answers, or one that is started for this run and stopped after it."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path

from functions.local.process.state import BUILD
from tests.support.debian import DOWNLOAD_SECONDS
from tests.support.machine import Unavailable, install, last_line, provide_command, scratch

START_SECONDS = 60.0
STOP_SECONDS = 30.0
BRIDGE = Path("/sys/class/net/docker0")


@dataclass(frozen=True, slots=True)
class Engine:
    """A running engine. `variables` lead docker's and SAM's command lines to it."""

    version: str
    variables: Mapping[str, str] = field(default_factory=dict)
    started_here: bool = False

    def environment(self) -> dict[str, str]:
        """The environment of this moment, for a process that uses the engine."""
        return {**os.environ, **self.variables}

    def docker(self, *arguments: str, seconds: float = 60) -> str:
        """What the command printed. Raises `subprocess.CalledProcessError` or `TimeoutExpired`."""
        finished = subprocess.run(
            ["docker", *arguments],
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=True,
        )
        return finished.stdout.strip()

    def gateway(self) -> str:
        """This machine's address as containers see it.

        `sam local --docker-network host` does not share the machine's network with the container; so what
        the functions are to reach must listen on this address.
        """
        settings = json.loads(self.docker("network", "inspect", "bridge"))[0]["IPAM"]["Config"][0]
        # Engines before 23 tell it only once a container has run; it is the first address of the network.
        return settings.get("Gateway") or str(ip_network(settings["Subnet"])[1])

    def import_folder(self, root: Path, name: str, *changes: str) -> None:
        """Make an image of the files below `root`; changes: instructions as in a Dockerfile."""
        changed = [word for change in changes for word in ("--change", change)]
        with subprocess.Popen(
            ["tar", "--directory", root, "--exclude=./dev/*", "--exclude=./var/cache/*", "--create", "."],
            stdout=subprocess.PIPE,
        ) as tar:
            subprocess.run(
                ["docker", "import", *changed, "-", name],
                env=self.environment(),
                stdin=tar.stdout,
                stdout=subprocess.DEVNULL,
                timeout=DOWNLOAD_SECONDS,
                check=True,
            )
        if tar.returncode:
            raise RuntimeError(f"tar could not read the files of {name}")


@contextmanager
def running_engine() -> Iterator[Engine]:
    """An engine that was there is left as it was; of one that was started, nothing stays but its images.

    Raises `Unavailable` when none answers and none can be started.
    """
    if version := _version({}):
        yield Engine(version)
        return
    with _started() as engine:
        yield engine


@contextmanager
def _started() -> Iterator[Engine]:
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        raise Unavailable("no container engine answers (docker version), and only root could start one")
    if not shutil.which("dockerd"):
        install("docker.io")
        # Where there is systemd, installing starts a service. This run wants an engine that ends with it.
        with suppress(FileNotFoundError):
            subprocess.run(
                ["systemctl", "stop", "docker.socket", "docker", "containerd"],
                capture_output=True,
                timeout=STOP_SECONDS,
                check=False,
            )
    provide_command("docker", "docker-cli")
    with scratch() as folder:
        # A context that the user has chosen would count for more than DOCKER_HOST.
        variables = {"DOCKER_HOST": f"unix://{folder}/docker.sock", "DOCKER_CONTEXT": "default"}
        had_bridge = BRIDGE.exists()
        log = folder / "dockerd.log"
        with log.open("w") as log_file:
            daemon = subprocess.Popen(
                _dockerd(folder),
                stdin=subprocess.DEVNULL,
                stdout=log_file,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for the tests, which then stop the engine in order.
                start_new_session=True,
            )
        try:
            yield Engine(_wait(daemon, variables, log), variables, started_here=True)
        finally:
            _stop(daemon)
            if BRIDGE.exists() and not had_bridge:
                subprocess.run(["ip", "link", "delete", BRIDGE.name], timeout=STOP_SECONDS, check=False)


def _dockerd(folder: Path) -> list[str]:
    """The command. Images stay in build/, which `make clean` removes; all else is in `folder`."""
    settings = folder / "daemon.json"
    settings.write_text("{}")
    return [
        "dockerd",
        # Not the machine's own settings and data: they may name containers that start by themselves.
        f"--config-file={settings}",
        f"--data-root={BUILD / 'engine'}",
        f"--exec-root={folder}/exec",
        f"--pidfile={folder}/dockerd.pid",
        f"--host=unix://{folder}/docker.sock",
        # Functions and tests meet at the bridge: no packet is forwarded, so the firewall is left alone.
        "--iptables=false",
        "--ip-forward=false",
        "--ip-masq=false",
    ]


def _wait(daemon: subprocess.Popen[bytes], variables: Mapping[str, str], log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and daemon.poll() is None:
        if version := _version(variables):
            return version
        time.sleep(0.2)
    raise Unavailable(f"dockerd does not run here: {last_line(log.read_text())}")


def _stop(daemon: subprocess.Popen[bytes]) -> None:
    daemon.terminate()
    try:
        daemon.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait(STOP_SECONDS)


def _version(variables: Mapping[str, str]) -> str | None:
    try:
        finished = subprocess.run(
            ["docker", "version", "--format", "{{.Server.Version}}"],
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
    return finished.stdout.strip() if finished.returncode == 0 else None
