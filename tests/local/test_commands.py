"""The commands as people use them, on the real functions: run, upload, demo, Ctrl-C."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from functions.local import serving
from functions.local.__main__ import main
from functions.local.process.environment import exported
from functions.local.process.listening import listen, port_of
from functions.local.process.state import RUNNERS
from functions.local.process.stopping import INTERRUPTED
from tests.bench.processes import tree
from tests.local.session import ENVIRONMENT, MARK, ROOT, STORES, Session, processes_left
from tests.support.strangers import churn_table

TITANIC = ROOT / "training" / "data" / "titanic.csv"
Command = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    session = Session()
    try:
        session.wait_for("Serving until Ctrl-C")
        yield session
    finally:
        if session.process.poll() is None:
            session.stop()


def ask(session: Session, path: str, body: Any = None) -> Any:
    # The key is in the curl that the story ends with.
    (line,) = [line for line in session.lines if "-H 'x-api-key: " in line]
    headers = {"x-api-key": line.split("x-api-key: ")[1].partition("'")[0]}
    request = urllib.request.Request(session.said("API") + path, headers=headers)
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("content-type", "application/json")
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def leading_to(session: Session) -> dict[str, str]:
    """What leads another command to the session's store, whatever other runner is up in this folder."""
    state = json.loads((RUNNERS / f"{session.process.pid}.json").read_text())
    return {
        "LIFEBOAT_STORE": session.said("Store"),
        "AWS_ENDPOINT_URL": session.said("Store", 3),
        "AWS_ACCESS_KEY_ID": state["credentials"]["access_key"],
        "AWS_SECRET_ACCESS_KEY": state["credentials"]["secret_key"],
    }


@pytest.fixture
def command(session: Session, capsys: pytest.CaptureFixture[str]) -> Command:
    """Gives a command beside the session; returns its exit code and what it said."""

    def command(*words: str) -> tuple[int, str]:
        with exported(leading_to(session)):
            code = main(words)
        return code, capsys.readouterr().out

    return command


def test_the_loop_is_told_as_it_happens(session: Session) -> None:
    for words in ("Uploaded ", "Promoted ", "1,309 rows", "roc auc", "Certified ", "Version ", "survives"):
        assert words in session.output
    assert "Traceback" not in session.output


def test_passengers_are_scored_on_the_right_sides(session: Session) -> None:
    assert ask(session, "/predict", {"pclass": 1, "sex": "female", "age": 30})["probability"] > 0.5
    assert ask(session, "/predict", {"pclass": 3, "sex": "male", "age": 30})["probability"] < 0.5


def test_the_same_dataset_again_changes_nothing(session: Session, command: Command) -> None:
    before = ask(session, "/model")["version"]
    code, said = command("upload", str(TITANIC))
    assert code == 0
    assert f"the same file made version {before} before" in said
    assert "already published" in session.wait_for("datasets/titanic/titanic.csv: already published")
    assert ask(session, "/model")["version"] == before


def test_a_bad_dataset_is_refused_and_the_champion_stays(
    session: Session, command: Command, tmp_path: Path
) -> None:
    before = ask(session, "/model")["version"]
    bad = tmp_path / "bad boat.csv"
    bad.write_text("a,b\n1,2\n")
    code, said = command("upload", str(bad))
    assert code == 1
    assert "Refused " in said
    assert ask(session, "/model")["version"] == before


def test_one_command_makes_a_model_of_a_strangers_table(
    session: Session, command: Command, tmp_path: Path
) -> None:
    file = tmp_path / "churn.csv"
    file.write_text(churn_table())
    code, said = command("model", str(file), "--name", "churn", "--target", "churned")
    assert code == 0, said
    for words in (
        "Schema     inferred from churn.csv",
        "Published  version",
        "Columns    used:",
        "Promoted ",
    ):
        assert words in said
    assert "/models/churn/predict" in said
    row = {"calls": 9, "plan": "basic", "paperless": True}
    assert ask(session, "/models/churn/predict", row)["model"]["name"] == "churn"
    assert ask(session, "/predict", {"pclass": 3, "sex": "male"})["model"]["name"] == "titanic"


def test_the_versions_of_the_running_store_are_listed(session: Session) -> None:
    # As a program of its own: another one takes its place.
    done = subprocess.run(
        [sys.executable, "-m", "functions.local", "models", "list", "--model", "titanic"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=ENVIRONMENT | leading_to(session),
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert session.said("Version") in done.stdout


def test_where_the_api_is_and_a_key_can_be_pasted_into_a_shell(session: Session) -> None:
    assert f"export API={session.said('API')}" in session.lines
    [key] = (line.removeprefix("export KEY=") for line in session.lines if line.startswith("export KEY="))
    assert f"x-api-key: {key}" in session.output
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for begin in re.findall(r"`(export \w+=)", readme):
        assert any(line.startswith(begin) for line in session.lines), begin


# The last test of the session: it ends it.
def test_ctrl_c_stops_cleanly_and_leaves_nothing_behind(session: Session) -> None:
    assert session.stop() == 0
    assert session.lines[-1] == "Stopped."
    assert "Traceback" not in session.output
    assert processes_left() == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "--name", "churn"], "say which with --file"),
        (["demo", "--file", "churn.csv"], "a table needs a name for its model"),
        (["demo", "--file", "churn.csv", "--name", "Churn"], "a model's name has"),
        (["model", "churn.csv", "--name", "champion"], "a model's name has"),
        (["run", "--forget", "--debug", "predikt"], "there is no function predikt, only authorize, "),
    ],
)
def test_what_does_not_go_together_is_said(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 1
    assert message in capsys.readouterr().err


@pytest.fixture
def _no_store(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in STORES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(*MARK.split("=", 1))


@pytest.mark.long
@pytest.mark.usefixtures("_no_store")
def test_the_demo_goes_through_the_loop_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    log = tmp_path / "build" / "local.log"
    monkeypatch.setattr(serving, "LOG", log)
    with listen(0) as other:
        assert main(["demo", "--port", str(port_of(other)), "--store-port", "0"]) == 0
        words = capsys.readouterr().out
        assert f"Port {port_of(other)} is taken: the API is at http://127.0.0.1:" in words
    assert "1,309 rows" in words
    assert "survives, probability 0." in words
    # The API is gone by now.
    assert "by hand" not in words
    assert "champion loaded" in log.read_text()
    assert processes_left() == []


@pytest.mark.long
@pytest.mark.usefixtures("_no_store")
def test_a_demo_that_is_interrupted_stops_at_once_and_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(serving, "LOG", tmp_path / "local.log")

    def stop_when_training_begins(text: str) -> None:
        if text.startswith("Uploaded"):
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(serving, "say", stop_when_training_begins)
    assert main(["demo", "--port", "0", "--store-port", "0"]) == INTERRUPTED
    assert processes_left() == []


@pytest.mark.usefixtures("_no_store")
def test_a_setting_that_names_a_store_and_does_not_count_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    serving._say_passed_over()
    assert "Not used   AWS_ENDPOINT_URL_S3: AWS_ENDPOINT_URL or LIFEBOAT_STORE" in capsys.readouterr().out
    monkeypatch.setenv("LIFEBOAT_STORE", "s3://mine")
    serving._say_passed_over()
    assert capsys.readouterr().out == ""


@pytest.mark.long
def test_a_runner_whose_store_is_killed_says_so_and_stops() -> None:
    session = Session()
    session.wait_for("API ")
    children = [pid for pid in tree(session.process.pid) if b"local.store.embedded" in command_of(pid)]
    assert len(children) == 1
    os.kill(children[0], signal.SIGKILL)
    assert session.process.wait(timeout=60) == 1
    said = session.wait_for("Failed: ")
    assert "the embedded store's process ended (signal 9), and what it held in memory is gone" in said
    assert "Traceback" not in session.output
    assert processes_left() == []


def command_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


@pytest.mark.long
def test_a_killed_runner_takes_its_processes_with_it(tmp_path: Path) -> None:
    session = Session()
    session.wait_for("Uploaded ")
    session.process.kill()
    session.process.wait(timeout=10)
    for _ in range(100):
        if not processes_left():
            break
        threading.Event().wait(0.1)
    assert processes_left() == []
