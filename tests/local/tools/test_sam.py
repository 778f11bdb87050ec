"""`sam local` is given a store that containers reach; what is missing is said in words."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from functions.local.platform.template import read_template
from functions.local.process.environment import Credentials
from functions.local.process.listening import HOST, listen, port_of
from functions.local.process.state import State
from functions.local.tools import sam
from functions.local.tools.sam import forwarded, main, sam_local, write_local_template
from tests.support.declared import TEMPLATE

BUCKET = "s3://lifeboat-here"
Docker = Callable[..., None]
Called = Callable[[], tuple[list[str], dict[str, str | None], str | None]]
# A program that reports how it was called, in place of SAM. It asks the store before it ends.
STAND_IN = f"""#!{sys.executable}
import json, os, socket, sys, urllib.parse
endpoint = urllib.parse.urlsplit(os.environ.get("AWS_ENDPOINT_URL", ""))
answer = None
if endpoint.port:
    with socket.create_connection((endpoint.hostname, endpoint.port), timeout=10) as connection:
        connection.sendall(b"ahoy")
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(100).decode()
names = ("LIFEBOAT_STORE", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID")
print(json.dumps([sys.argv[1:], {{name: os.environ.get(name) for name in names}}, answer]), flush=True)
sys.exit(3)
"""


@pytest.fixture
def stand_in(tmp_path: Path) -> Path:
    return executable(tmp_path / "sam", STAND_IN)


@pytest.fixture
def called(capfd: pytest.CaptureFixture[str]) -> Called:
    """How the stand-in was called: its arguments, the environment's part of it, and the store's answer."""
    return lambda: json.loads(capfd.readouterr().out)


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Docker:
    """A docker on the path that answers as asked; with its gateway, containers are this machine."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("LIFEBOAT_STORE", raising=False)

    def answering(gateway: str = HOST, *, has_image: bool = True) -> None:
        script = f"case $1 in network) echo {gateway};; *) exit {0 if has_image else 1};; esac"
        executable(tmp_path / "bin" / "docker", f"#!/bin/sh\n{script}\n")

    return answering


@pytest.fixture(autouse=True)
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What `make build` leaves of a template with a variable and a short form."""
    path = tmp_path / "template.yaml"
    path.write_text(
        "Globals: {Function: {Environment: {Variables: {LIFEBOAT_STORE: !Sub 's3://lifeboat-${Stage}'}}}}\n"
    )
    monkeypatch.setattr(sam, "TEMPLATE", path)
    return path


def executable(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def found(monkeypatch: pytest.MonkeyPatch, runner: State | None) -> None:
    monkeypatch.setattr(sam, "find_runner", lambda: runner)


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write((await reader.read()).upper())
    writer.close()


def test_the_functions_reach_the_embedded_store_through_the_gateway(
    stand_in: Path, docker: Docker, monkeypatch: pytest.MonkeyPatch, called: Called
) -> None:
    docker()

    async def run() -> tuple[int, int]:
        async with await asyncio.start_server(echo, sock=listen(0)) as store:
            port = port_of(store.sockets[0])
            endpoint, credentials = f"http://{HOST}:{port}", Credentials("OURS", "secret")
            found(monkeypatch, State("", BUCKET, endpoint, True, "titanic", 1, credentials=credentials))
            return port, await sam_local(["invoke", "F"], stand_in)

    port, code = asyncio.run(run())
    arguments, variables, answer = called()
    assert code == 3
    template = str(sam.TEMPLATE.with_name("template-local.json"))
    assert arguments == ["local", "invoke", "F", "--template", template, "--skip-pull-image"]
    assert answer == "AHOY"
    assert variables["AWS_ENDPOINT_URL"] != f"http://{HOST}:{port}"
    assert (variables["LIFEBOAT_STORE"], variables["AWS_ACCESS_KEY_ID"]) == (BUCKET, "OURS")


def test_another_endpoint_is_used_as_it_is_with_the_keys_of_this_environment(
    stand_in: Path, docker: Docker, monkeypatch: pytest.MonkeyPatch, called: Called
) -> None:
    docker(has_image=False)
    found(monkeypatch, State("", BUCKET, "https://store.example", False, "titanic", 1))
    asyncio.run(sam_local(["start-api"], stand_in))
    arguments, variables, _ = called()
    assert "--skip-pull-image" not in arguments
    assert variables == {
        "LIFEBOAT_STORE": BUCKET,
        "AWS_ENDPOINT_URL": "https://store.example",
        "AWS_ACCESS_KEY_ID": "testing",
    }


def test_only_the_copy_for_sam_local_declares_another_endpoint(built: Path) -> None:
    copy = json.loads(write_local_template(built).read_text())
    store = {"Fn::Sub": "s3://lifeboat-${Stage}"}
    variables = {"LIFEBOAT_STORE": store, "AWS_ENDPOINT_URL": ""}
    assert copy["Globals"]["Function"]["Environment"]["Variables"] == variables
    assert "AWS_ENDPOINT_URL" not in built.read_text()
    # Nor does what is deployed.
    for function in read_template(TEMPLATE).functions.values():
        assert not [name for name in function.environment if name.startswith("AWS_")]


def test_a_store_named_in_the_environment_needs_no_runner(
    stand_in: Path, docker: Docker, monkeypatch: pytest.MonkeyPatch, called: Called
) -> None:
    docker()
    found(monkeypatch, None)
    monkeypatch.setenv("LIFEBOAT_STORE", "s3://mine")
    asyncio.run(sam_local([], stand_in))
    assert called()[1]["LIFEBOAT_STORE"] == "s3://mine"


def test_a_signal_to_stop_reaches_sam_as_ctrl_c(
    tmp_path: Path, docker: Docker, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker()
    monkeypatch.setenv("LIFEBOAT_STORE", "s3://mine")
    waiting = executable(
        tmp_path / "sam",
        f"#!{sys.executable}\nimport os, signal, time\n"
        "signal.signal(signal.SIGINT, lambda *_: os._exit(42))\n"
        # By then, whoever started it listens for signals.
        f"time.sleep(0.5)\nos.kill({os.getpid()}, signal.SIGTERM)\ntime.sleep(30)\n",
    )
    before = signal.getsignal(signal.SIGTERM)
    try:
        assert asyncio.run(sam_local([], waiting)) == 42
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_sam_that_does_not_stop_is_killed(
    tmp_path: Path, docker: Docker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    docker()
    monkeypatch.setenv("LIFEBOAT_STORE", "s3://mine")
    monkeypatch.setattr(sam, "STOP_SECONDS", 0.2)
    deaf = executable(
        tmp_path / "sam",
        f"#!{sys.executable}\nimport os, signal, time\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        f"time.sleep(0.5)\nos.kill({os.getpid()}, signal.SIGTERM)\ntime.sleep(60)\n",
    )
    before = signal.getsignal(signal.SIGTERM)
    try:
        assert asyncio.run(sam_local([], deaf)) == -signal.SIGKILL
    finally:
        signal.signal(signal.SIGTERM, before)
    assert "sam local has not stopped within 0 seconds: it is killed" in capsys.readouterr().err


def test_an_engine_that_does_not_answer_is_said(
    tmp_path: Path, docker: Docker, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker()
    executable(tmp_path / "bin" / "docker", f"#!{sys.executable}\nimport time; time.sleep(60)\n")
    monkeypatch.setattr(sam, "DOCKER_SECONDS", 1.0)
    with pytest.raises(RuntimeError, match=r"docker network inspect gave no answer within 1 seconds"):
        asyncio.run(sam_local([]))


def test_an_api_whose_keys_are_in_a_file_is_not_started_in_containers(
    stand_in: Path, docker: Docker, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker()
    found(monkeypatch, State("", BUCKET, "http://127.0.0.1:9", True, "titanic", 1, "/kept/keys.json"))
    with pytest.raises(RuntimeError, match=r"keys in /kept/keys.json, .*make run ARGS=--forget"):
        asyncio.run(sam_local(["start-api"], stand_in))


@pytest.mark.parametrize(
    ("runner", "gateway", "reason"),
    [
        (None, HOST, "no runner was found: `make run` in another terminal starts one"),
        (
            State("", "build/store", None, False, "titanic", 1),
            HOST,
            "keeps its store in a folder, build/store",
        ),
        # An address of the range set aside for documentation is on no machine.
        (
            State("", BUCKET, "http://127.0.0.1:9", True, "titanic", 1),
            "192.0.2.1",
            "192.0.2.1, the engine's gateway",
        ),
    ],
)
def test_a_store_out_of_reach_is_refused(
    runner: State | None,
    gateway: str,
    reason: str,
    stand_in: Path,
    docker: Docker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    docker(gateway)
    found(monkeypatch, runner)
    with pytest.raises(RuntimeError, match=reason):
        asyncio.run(sam_local([], stand_in))


def test_without_an_engine_the_command_line_says_so(
    docker: Docker, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([]) == 1
    assert "no container engine answers" in capsys.readouterr().err


def test_without_bundles_the_command_line_says_how_to_make_them(
    built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    built.unlink()
    assert main([]) == 1
    assert "make build" in capsys.readouterr().err


def test_a_far_end_that_is_not_there_closes_the_connection() -> None:
    async def ask() -> bytes:
        with listen(0) as free:
            nobody = port_of(free)
        async with forwarded(HOST, HOST, nobody) as port:
            reader, writer = await asyncio.open_connection(HOST, port)
            answer = await reader.read()
            writer.close()
            return answer

    assert asyncio.run(ask()) == b""
