"""What wrk measured is read, what it could not do is said; where it is missing, the benchmark is skipped."""

import os
import shutil
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from functions.local.process.listening import HOST, listen, port_of
from tests.bench.checkout import CannotRun
from tests.bench.load import Load, find_wrk, load
from tests.support.answering import answering

WrkPrints = Callable[[str], None]

needs_wrk = pytest.mark.skipif(not shutil.which("wrk"), reason="wrk is not installed here")


class Refusing(BaseHTTPRequestHandler):
    """Finds fault with every row, and keeps the connection open."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(
            422 if (body, self.headers["Content-Type"]) == (b"{}", "application/json") else 200
        )
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Not worth a line."""


@pytest.fixture
def wrk_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WrkPrints:
    """Makes this machine one whose only command is a wrk that measured this."""

    def wrk_prints(line: str) -> None:
        wrk = tmp_path / "wrk"
        wrk.write_text(f"#!/bin/sh\necho 'Running 1s test'\necho '{line}'\n")
        wrk.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))

    return wrk_prints


def test_wrks_figures_become_answers_per_second_and_seconds(wrk_prints: WrkPrints) -> None:
    wrk_prints('{"requests": 3000, "microseconds": 2000000, "p50": 250.0, "p99": 1500.0, "failed": 0}')
    assert load("http://here", connections=8, seconds=2) == Load(rate=1500, p50=0.00025, p99=0.0015)


@pytest.mark.parametrize(("requests", "failed"), [(0, 0), (5, 3)])
def test_a_load_without_answers_or_with_failures_is_no_figure(
    wrk_prints: WrkPrints, requests: int, failed: int
) -> None:
    wrk_prints(
        f'{{"requests": {requests}, "microseconds": 1000000, "p50": 0.0, "p99": 0.0, "failed": {failed}}}'
    )
    with pytest.raises(RuntimeError, match=f"{failed} requests of {requests} to http://here failed"):
        load("http://here", connections=8, seconds=1)


@needs_wrk
def test_a_row_that_is_refused_is_a_failure() -> None:
    with answering(ThreadingHTTPServer((HOST, 0), Refusing)) as server:
        url = f"http://{HOST}:{server.server_address[1]}/predict"
        with pytest.raises(RuntimeError, match=r"([1-9]\d*) requests of \1 to"):
            load(url, connections=1, seconds=1, body="{}")


@needs_wrk
def test_a_server_that_is_gone_is_reported_in_wrks_words() -> None:
    with listen(0) as listener:
        port = port_of(listener)
    with pytest.raises(RuntimeError, match=f"unable to connect to {HOST}:{port}"):
        load(f"http://{HOST}:{port}", connections=1, seconds=1)


def test_without_wrk_somebody_is_told_to_install_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(CannotRun, match="wrk is missing; install it"):
        find_wrk()
