"""An emulator of AWS on 127.0.0.1, which speaks TLS and judges every call by IAM."""

import json
import os
import signal
import ssl
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx

from functions.local.process.environment import REGION, exported, leading_only_to, needed_of
from functions.local.process.environment import Credentials as Key
from functions.local.process.listening import HOST, listen, port_of
from tests.deploy.environment import PYTHON
from tests.support.certificate import write_certificate

# The credentials of the account's root user, whom no policy limits: deploying is not what is tried here.
ROOT_USER = Key("test", "test")
ACCOUNT = "123456789012"
START_SECONDS = 60.0
# It has nothing to save.
STOP_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Call:
    """A call that a role made. `prefix` is that of a listing; None for all other calls."""

    role: str
    action: str
    resource: str
    prefix: str | None
    allowed: bool


@dataclass(frozen=True, slots=True)
class Emulator:
    """Where the emulator is, and what it has seen."""

    port: int
    plain_port: int
    certificate: Path
    _calls: Path
    _log: Path

    @property
    def endpoint(self) -> str:
        return f"https://localhost:{self.port}"

    def variables(self) -> dict[str, str | None]:
        """The environment in which an SDK talks to it as root, for `exported`."""
        return {
            **leading_only_to(self.endpoint, ROOT_USER),
            "AWS_CA_BUNDLE": str(self.certificate),
            "SAM_CLI_TELEMETRY": "0",
        }

    def client(self, service: str, key: Key = ROOT_USER, *, plain: bool = False) -> Any:
        """An SDK client, of the root user unless told otherwise; over TLS unless `plain`."""
        # The stubs know a service by its literal name only.
        make: Any = boto3.client
        return make(
            service,
            endpoint_url=f"http://{HOST}:{self.plain_port}" if plain else self.endpoint,
            aws_access_key_id=key.access_key,
            aws_secret_access_key=key.secret_key,
            region_name=REGION,
            verify=str(self.certificate),
        )

    def http(self, api: str, **headers: str) -> httpx.Client:
        """A client of a deployed HTTP API, which is reached by its name at the emulator's port."""
        return httpx.Client(
            base_url=self.endpoint,
            headers={"host": f"{api}.execute-api.localhost:{self.port}", **headers},
            verify=self.trusted(),
            timeout=60,
            trust_env=False,
        )

    def trusted(self) -> ssl.SSLContext:
        """What a client of HTTP takes its certificate for good by."""
        return ssl.create_default_context(cafile=str(self.certificate))

    def calls(self) -> Counter[Call]:
        """What roles asked of AWS so far, and how often."""
        if not self._calls.exists():
            return Counter()
        return Counter(Call(**json.loads(line)) for line in self._calls.read_text().splitlines())

    def log(self) -> str:
        return self._log.read_text()


@contextmanager
def running_emulator(folder: Path) -> Iterator[Emulator]:
    """Start the emulator; `folder` is all that it writes to. Raises `RuntimeError`, with its log."""
    certificate, key = write_certificate(folder)
    with listen(0) as free, listen(0) as free_too:
        port, plain_port = port_of(free), port_of(free_too)
    emulator = Emulator(port, plain_port, certificate, folder / "calls.jsonl", folder / "ministack.log")
    with (
        emulator._log.open("w") as log,
        subprocess.Popen(
            [PYTHON, Path(__file__).with_name("strict_ministack.py")],
            env=_environment(emulator, key, folder),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            _wait_until_it_answers(process, emulator)
            with exported(emulator.variables()):
                yield emulator
        finally:
            _end(process)


def _environment(emulator: Emulator, key: Path, folder: Path) -> Mapping[str, str]:
    """What the emulator gets, and so the functions that it runs: nothing of the caller's but a path."""
    temporary = folder / "tmp"
    temporary.mkdir()
    return {
        **{name: value for name, value in needed_of({}).items() if not name.startswith("AWS_")},
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(temporary),
        # It listens to everybody otherwise.
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(emulator.port),
        "PLAIN_PORT": str(emulator.plain_port),
        "CALLS": str(emulator._calls),
        "AUTH": "true",
        # Its Step Functions do not wait between tries: six of them would take half an hour.
        "SFN_WAIT_SCALE": "0",
        "USE_SSL": "1",
        "MINISTACK_SSL_CERT": str(emulator.certificate),
        "MINISTACK_SSL_KEY": str(key),
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "AWS_CA_BUNDLE": str(emulator.certificate),
        "AWS_ACCESS_KEY_ID": ROOT_USER.access_key,
        "AWS_SECRET_ACCESS_KEY": ROOT_USER.secret_key,
    }


def _wait_until_it_answers(process: subprocess.Popen[bytes], emulator: Emulator) -> None:
    deadline = time.monotonic() + START_SECONDS
    with httpx.Client(verify=emulator.trusted(), trust_env=False) as client:
        while process.poll() is None and time.monotonic() < deadline:
            try:
                client.get(f"{emulator.endpoint}/_ministack/health", timeout=5)
            except httpx.TransportError:
                time.sleep(0.1)
            else:
                return
    raise RuntimeError(f"the emulator did not start.\n{emulator.log()}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Functions included: they are in its session."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
