"""A server that is there only while somebody uses it, in front of a real one that says its number."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from functions.local.process.child import ROOT
from functions.local.process.listening import HOST, listen, port_of

RESTING = "functions.local.process.resting_server"
SECONDS = 60
REST_AFTER = "0.5"
# Answers with the number of its process; at /slow, after longer than it may be idle.
SERVER = """
import http.server, os, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        if self.path == "/slow":
            time.sleep(2)
        body = str(os.getpid()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
COMMAND = (sys.executable, "-c", SERVER, "{port}")


@dataclass
class Resting:
    """A resting server as a process, and where it writes what it does."""

    url: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def says(self, text: str, times: int = 1) -> bool:
        return self.log.read_text().count(text) >= times

    def ask(self, path: str = "/") -> httpx.Response:
        return httpx.get(f"{self.url}{path}", timeout=SECONDS, trust_env=False)


def wait(look: Callable[[], object]) -> None:
    until = time.monotonic() + SECONDS
    while not look():
        assert time.monotonic() < until, "it did not come about in time"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@contextmanager
def started(folder: Path, command: Sequence[str], *options: str) -> Iterator[Resting]:
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", RESTING, "--port", "0", "--ready", "/",
             "--rest-after", REST_AFTER, *options, "--", *command],
            cwd=ROOT, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        wait(lambda: re.search(r"http://\S+ wakes", log.read_text()))
        [url] = re.findall(r"(http://\S+) wakes", log.read_text())
        yield Resting(url, process, log)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0


@pytest.fixture
def resting(tmp_path: Path) -> Iterator[Resting]:
    with started(tmp_path, COMMAND) as resting:
        yield resting


def test_it_is_started_by_the_first_request_rests_and_wakes_again(resting: Resting) -> None:
    assert not resting.says("woken")
    first = int(resting.ask().text)
    wait(lambda: resting.says("rests: nobody has used it for"))
    assert not is_running(first)
    second = int(resting.ask().text)
    assert second != first
    assert resting.says("woken by a request, ready after", times=2)


def test_requests_that_come_at_once_wake_one_server(resting: Resting) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = {answer.text for answer in pool.map(resting.ask, ["/"] * 8)}
    assert len(answers) == 1
    assert resting.says("woken")
    assert not resting.says("woken", times=2)


def test_a_request_that_waits_for_its_answer_is_not_cut(resting: Resting) -> None:
    server = resting.ask("/").text
    assert resting.ask("/slow").text == server


def test_a_connection_that_says_nothing_neither_wakes_it_nor_keeps_it_awake(resting: Resting) -> None:
    address = (HOST, httpx.URL(resting.url).port or 0)
    with socket.create_connection(address):
        resting.ask()
        wait(lambda: resting.says("rests"))
    with socket.create_connection(address):
        time.sleep(0.3)
    assert not resting.says("woken", times=2)


def test_a_client_that_goes_away_leaves_it_able_to_rest(resting: Resting) -> None:
    with socket.create_connection((HOST, httpx.URL(resting.url).port or 0)) as client:
        client.sendall(b"GET /slow HTTP/1.1\r\nHost: here\r\n\r\n")
    wait(lambda: resting.says("rests"))
    assert resting.ask().status_code == 200


def test_a_connection_that_is_kept_outlives_nothing_and_the_next_request_is_answered(
    resting: Resting,
) -> None:
    with httpx.Client(base_url=resting.url, timeout=SECONDS, trust_env=False) as client:
        first = client.get("/").text
        wait(lambda: resting.says("rests"))
        # Its pool sees that the connection was closed, and opens another.
        assert client.get("/").text != first


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ((sys.executable, "-c", "raise SystemExit(3)", "{port}"), "its process ended with 3"),
        (("/nowhere/server", "{port}"), "No such file"),
    ],
)
def test_a_server_that_does_not_start_is_answered_for_in_words_and_tried_again(
    tmp_path: Path, command: Sequence[str], says: str
) -> None:
    with started(tmp_path, command) as resting:
        for _ in range(2):
            answer = resting.ask()
            assert answer.status_code == 503
            assert says in answer.text
        assert resting.says(says, times=2)


def test_at_its_end_the_server_ends(tmp_path: Path) -> None:
    with started(tmp_path, COMMAND) as resting:
        server = int(resting.ask().text)
    assert not is_running(server)


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--ready", "/", "--", "serve"], 2, "the command names no {port}"),
        (["--ready", "/", "--rest-after", "0", "--", "{port}"], 2, "more than 0, got 0"),
        (["--ready", "/", "--", "serve", "{port}"], 1, "is taken; name another with --port"),
    ],
)
def test_wrong_use_and_a_port_that_is_taken_are_said(options: list[str], code: int, says: str) -> None:
    with listen(0) as taken:
        done = subprocess.run(
            [sys.executable, "-m", RESTING, "--port", str(port_of(taken)), *options],
            cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False,
        )  # fmt: skip
    assert (done.returncode, says in done.stderr) == (code, True), done.stderr


def test_what_the_image_of_mlflow_copies_is_all_that_it_needs(tmp_path: Path) -> None:
    written = (ROOT / "functions" / "local" / "container" / "mlflow.Dockerfile").read_text()
    copies = re.findall(r"^COPY (functions/.+) /app/(\S+)$", written.replace("\\\n", ""), re.MULTILINE)
    for files, folder in copies:
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        for file in files.split():
            shutil.copy(ROOT / file, tmp_path / folder)
    done = subprocess.run(
        [sys.executable, "-m", RESTING, "--help"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
