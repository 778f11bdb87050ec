"""What `make bench` and `make bench-peers` start is asked, weighed and gone again, or it is said why not."""

import sys
import textwrap
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.bench import server
from tests.bench.checkout import CannotRun
from tests.bench.peers import __main__ as command
from tests.bench.peers import environment
from tests.bench.peers.subjects import Subject
from tests.bench.processes import is_alive, memory_mib
from tests.bench.server import DESCRIPTOR, PORT, DoesNotServe, Server, served

# A server whose worker outlives it, as some peers' do; it says how probable it is told to.
SERVER = """
import http.server, json, pathlib, subprocess, sys

port, probability, status = sys.argv[1:]
worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path("worker").write_text(str(worker.pid))

class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.send_response(int(status))
        self.end_headers()
        self.wfile.write(json.dumps({"probability": float(probability)}).encode())

http.server.HTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()
"""
# On a socket that listens already, long before it answers.
SLOW = """
import socket, sys, time

time.sleep(0.3)
connection, _ = socket.socket(fileno=int(sys.argv[1])).accept()
connection.recv(65536)
connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{}")
"""


def serving(folder: Path, *arguments: str) -> AbstractContextManager[Server]:
    return served((sys.executable, *arguments), {}, folder)


def subject(name: str, *arguments: str) -> Subject:
    return Subject(name, (sys.executable, *arguments), {}, (), lambda answer: float(answer["probability"]))


@pytest.fixture
def script(tmp_path: Path) -> str:
    path = tmp_path / "peer.py"
    path.write_text(textwrap.dedent(SERVER))
    return str(path)


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="memory is told by Linux's /proc")
def test_a_server_is_timed_and_weighed_and_leaves_no_process(tmp_path: Path, script: str) -> None:
    with serving(tmp_path, script, PORT, "0.25", "200") as running:
        assert running.answer == {"probability": 0.25}
        assert 0 < running.seconds < 60
        worker = int((tmp_path / "worker").read_text())
        assert running.memory_mib() > memory_mib([running.pid]) + 1
        assert is_alive(worker)
    assert not is_alive(worker)
    assert not is_alive(running.pid)


def test_a_server_that_listens_is_not_loaded_before_it_answers(tmp_path: Path) -> None:
    with serving(tmp_path, "-c", SLOW, DESCRIPTOR) as running:
        assert running.answer == {}
        assert running.seconds > 0.3


def test_a_server_that_ends_is_reported_with_what_it_said_last(tmp_path: Path) -> None:
    broken = serving(tmp_path, "-c", "import sys; sys.exit('there is no model')", DESCRIPTOR)
    with pytest.raises(DoesNotServe, match=r"gave no answer(?s:.*)there is no model"), broken:
        pass


def test_a_server_that_never_gets_ready_is_reported_with_its_answer(
    tmp_path: Path, script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_PATIENCE_SECONDS", 2.0)
    loading = serving(tmp_path, script, PORT, "0.25", "503")
    with pytest.raises(DoesNotServe, match="503"), loading:
        pass


def test_a_load_that_fails_is_reported_with_what_the_server_said(tmp_path: Path, script: str) -> None:
    # Python's server writes a line for each request.
    with (
        pytest.raises(DoesNotServe, match=r'3 of 5 failed(?s:.*)"POST /predict HTTP/1\.1" 200'),
        serving(tmp_path, script, PORT, "0.25", "200"),
    ):
        raise RuntimeError("3 of 5 failed")


def test_servers_that_disagree_are_not_compared(tmp_path: Path, script: str) -> None:
    compared = [
        subject("one", script, PORT, "0.25", "200"),
        subject("other", script, PORT, "0.26", "200"),
    ]
    with pytest.raises(DoesNotServe, match=r"other says 0\.26, not 0\.25"):
        command.measure(compared, tmp_path, 2, "3.13")


def test_packages_that_cannot_be_had_are_no_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "ENVIRONMENTS", tmp_path)
    monkeypatch.setenv("UV_OFFLINE", "1")
    lock = tmp_path / "peer.txt"
    lock.write_text(f"lifeboat-nothing==1.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(CannotRun, match="UV_DEFAULT_INDEX"):
        environment.environment("peer", lock, Path(sys.executable))


def test_one_round_has_no_quartiles(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["peers", "--rounds", "1"])
    with pytest.raises(SystemExit, match="2"):
        command.main()
    assert "two rounds or more" in capsys.readouterr().err
