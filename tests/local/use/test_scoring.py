"""`make score`: over HTTP, by the real function, on a folder and on S3."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from functions.core.identity.key_list import all_keys
from functions.core.storage.contract import Store
from functions.core.storage.folder import FolderStore
from functions.core.storage.parameter_opening import open_parameter
from functions.core.storage.s3 import S3Store
from functions.local.use import scoring
from functions.local.use.scoring import ScoringRefused, own_key, result_path, score_file
from functions.scoring.http_handler import handler
from functions.scoring.service import service
from tests.conftest import MODEL
from tests.scoring.jobs import handle, put_event
from tests.support import gateway
from tests.support.uploads import BUCKET

TABLE = "pclass,sex,note\n1,female,a\n9,male,b\n2,male,c\n"


class Bridge(BaseHTTPRequestHandler):
    """Requests to the function, as the gateway hands them over."""

    def _answer(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length).decode() if length else None
        answer = gateway.send(handler, self.command, self.path, body)
        self.send_response(answer["statusCode"])
        self.send_header("content-type", answer["headers"]["content-type"])
        self.end_headers()
        self.wfile.write(answer["body"].encode())

    do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - as the server calls them

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


@contextmanager
def served(store: Store) -> Iterator[str]:
    """Where the function answers, while what is put into the store is scored."""
    ended = threading.Event()

    def watch() -> None:
        seen: set[str] = set()
        while not ended.is_set():
            for entry in [*store.list("scoring/")]:
                if entry.key not in seen:
                    seen.add(entry.key)
                    handle(store, put_event(store, entry.key))
            time.sleep(0.05)

    def serve(server: HTTPServer) -> None:
        # Mangum takes the loop of the thread that calls it.
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        server.serve_forever()
        loop.close()

    with HTTPServer(("127.0.0.1", 0), Bridge) as server:
        threads = [threading.Thread(target=serve, args=(server,)), threading.Thread(target=watch)]
        for thread in threads:
            thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/models/{MODEL}"
        finally:
            ended.set()
            server.shutdown()
            for thread in threads:
                thread.join(30)


@pytest.fixture(params=["folder", "s3"])
def store(
    request: pytest.FixtureRequest, published: Path, tmp_path: Path, monkeypatch: Any
) -> Iterator[Store]:
    made = FolderStore(str(published))
    address = str(tmp_path / "store")
    store: Store = FolderStore(address)
    if request.param == "s3":
        request.getfixturevalue("s3")
        address, store = f"s3://{BUCKET}", S3Store(BUCKET)
    for entry in made.list(""):
        store.put(entry.key, made.get(entry.key).body)
    monkeypatch.setenv("LIFEBOAT_STORE", address)
    service.cache_clear()
    yield store
    service.cache_clear()


def test_a_file_is_scored_and_its_result_lies_beside_it(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "people.csv"
    file.write_text(TABLE)
    said: list[str] = []
    with served(store) as api:
        assert score_file(api, {}, store, file, result_path(file), explain=False, say=said.append)
    header, first, bad, _ = (tmp_path / "people.scored.csv").read_text().splitlines()
    assert header == "pclass,sex,note,survived,probability,version,error"
    assert first.startswith("1,female,a,1,0.")
    assert bad == '9,male,b,,,,"pclass: must be 1, 2 or 3"'
    text = "\n".join(said)
    assert "Scored     3 rows" in text
    assert "1 of them bad" in text
    assert "passed over: note" in text
    assert [path.name for path in tmp_path.glob(".*")] == []
    # The bar is for a terminal.
    assert "Scoring:" not in capsys.readouterr().err


def test_a_file_that_is_no_table_leaves_nothing_behind(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("sex,age\nmale,3\n")
    said: list[str] = []
    with served(store) as api:
        assert not score_file(api, {}, store, file, result_path(file), explain=False, say=said.append)
    assert "no column pclass" in said[-1]
    assert not result_path(file).exists()


def test_a_file_of_another_ending_is_refused_with_the_reason(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "people.xlsx"
    file.write_text(TABLE)
    with served(store) as api, pytest.raises(ScoringRefused, match=r"has to end with \.csv"):
        score_file(api, {}, store, file, result_path(file), explain=False, say=print)


def test_what_the_gateway_says_by_itself_is_told_with_where_the_reason_is(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "people.csv"
    file.write_text(TABLE)
    late = {
        "statusCode": 503,
        "headers": {"content-type": "application/json"},
        "body": '{"message":"Service Unavailable"}',
    }
    monkeypatch.setattr(gateway, "send", lambda *_: late)
    says = r"the API answered 503 \(Service Unavailable\); the runner \(make run\) logs why"
    with served(store) as api, pytest.raises(ScoringRefused, match=says):
        score_file(api, {}, store, file, result_path(file), explain=False, say=print)


def test_a_file_whose_upload_is_stopped_leaves_no_job_that_waits_for_it(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "people.csv"
    file.write_text(TABLE)

    def stopped(_: object) -> Iterator[bytes]:
        yield b"pclass"
        raise KeyboardInterrupt

    monkeypatch.setattr(scoring, "_pieces", stopped)
    said: list[str] = []
    with served(store) as api, pytest.raises(KeyboardInterrupt):
        score_file(api, {}, store, file, result_path(file), explain=False, say=said.append)
    assert said[-1] == "Cancelled"
    [entry] = store.list("scored/titanic/jobs/")
    assert json.loads(store.get(entry.key).body)["state"] == "cancelled"


def test_what_cannot_be_read_or_written_is_said_before_anything_is_asked(tmp_path: Path) -> None:
    nowhere = "http://127.0.0.1:9/models/titanic"
    store, file = FolderStore(str(tmp_path / "store")), tmp_path / "people.csv"
    with pytest.raises(FileNotFoundError):
        score_file(nowhere, {}, store, file, result_path(file), explain=False, say=print)
    file.write_text(TABLE)
    with pytest.raises(ScoringRefused, match=r"there is no folder \S+/out for the result: make it"):
        score_file(nowhere, {}, store, file, tmp_path / "out" / "a.csv", explain=False, say=print)


def test_an_api_that_is_gone_is_said_with_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}/models/titanic"
        file = tmp_path / "people.csv"
        file.write_text(TABLE)
        says = rf"{nobody}/scoring gave no answer \(ConnectError: .*is the runner \(make run\) still up"
        with pytest.raises(ScoringRefused, match=says):
            score_file(nobody, {}, FolderStore(str(tmp_path)), file, file, explain=False, say=print)


def test_a_proxy_that_the_environment_names_is_not_asked_for_the_api(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("LIFEBOAT_STORE", str(published))
    service.cache_clear()
    file = tmp_path / "people.xlsx"
    file.write_text(TABLE)
    store = FolderStore(str(published))
    with served(store) as api, pytest.raises(ScoringRefused, match="has to end with"):
        score_file(api, {}, store, file, result_path(file), explain=False, say=print)
    service.cache_clear()


def test_the_key_of_the_command_ends_with_it(tmp_path: Path) -> None:
    place = str(tmp_path / "keys.json")
    with own_key(place, print) as headers:
        assert headers["x-api-key"].startswith("lb_")
        [key] = all_keys(open_parameter(place)).values()
        assert [*key.scopes] == ["predict"]
        assert key.revoked is None
    [key] = all_keys(open_parameter(place)).values()
    assert key.revoked is not None
    with own_key(None, print) as headers:
        assert headers == {}


def test_the_result_of_a_packed_file_is_plain() -> None:
    assert result_path(Path("a/march.csv.gz")) == Path("a/march.scored.csv")
    assert result_path(Path("march.csv")) == Path("march.scored.csv")
    assert result_path(Path("march.parquet")) == Path("march.scored.csv")
