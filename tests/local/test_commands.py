"""The commands as people use them, on the real functions: run, upload, demo, Ctrl-C."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from functions.core.storage.view import ModelStore
from functions.local import asking, serving
from functions.local.__main__ import main
from functions.local.process.environment import Credentials
from functions.local.process.listening import listen, port_of
from functions.local.process.state import RUNNERS, State
from functions.local.process.stopping import INTERRUPTED
from functions.local.use.tables import Table
from tests.bench.processes import tree
from tests.support.strangers import churn_table

ROOT = Path(__file__).parents[2]
TITANIC = ROOT / "training" / "data" / "titanic.csv"
STORES = ("AWS_ENDPOINT_URL", "LIFEBOAT_STORE", "LIFEBOAT_KEYS")
# By this the processes of these tests, and their children's, are told from any others.
MARK = f"LIFEBOAT_TEST={uuid.uuid4()}"
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name not in STORES},
    "LIFEBOAT_TEST": MARK.partition("=")[2],
}


class Session:
    """`python -m functions.local run` in a process, its output read as it comes."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "functions.local", "run", "--port", "0", "--store-port", "0", "--forget"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
            env=ENVIRONMENT,
        )
        self.lines: list[str] = []
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                with self._news:
                    self.lines.append(line.rstrip("\n"))
                    self._news.notify_all()

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def wait_for(self, text: str) -> str:
        """The first line that has `text` in it."""
        with self._news:
            self._news.wait_for(lambda: text in self.output, timeout=120)
        return next((line for line in self.lines if text in line), self.output)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(timeout=30)
        self._reader.join(timeout=30)
        return code

    def said(self, label: str, word: int = 1) -> str:
        """A word of the line that begins with `label`."""
        return next(line for line in self.lines if line.startswith(label)).split()[word]


def processes_left() -> list[str]:
    """Command lines of the processes started here that are alive, whoever their parent is now."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if MARK.encode() in environment and int(folder.name) != os.getpid():
            found.append(command)
    return found


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


def command(session: Session, *words: str) -> subprocess.CompletedProcess[str]:
    """Another command of the same program, beside the one that runs."""
    state = json.loads((RUNNERS / f"{session.process.pid}.json").read_text())
    return subprocess.run(
        [sys.executable, "-m", "functions.local", *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        # Named, so that a runner that somebody has started in this folder is left alone.
        env={
            **ENVIRONMENT,
            "LIFEBOAT_STORE": session.said("Store"),
            "AWS_ENDPOINT_URL": session.said("Store", 3),
            "AWS_ACCESS_KEY_ID": state["credentials"]["access_key"],
            "AWS_SECRET_ACCESS_KEY": state["credentials"]["secret_key"],
        },
        timeout=120,
        check=False,
    )


def test_the_loop_is_told_as_it_happens(session: Session) -> None:
    for words in ("Uploaded ", "Promoted ", "1,309 rows", "roc auc", "Certified ", "Version ", "survives"):
        assert words in session.output
    assert "Traceback" not in session.output


def test_passengers_are_scored_on_the_right_sides(session: Session) -> None:
    assert ask(session, "/predict", {"pclass": 1, "sex": "female", "age": 30})["probability"] > 0.5
    assert ask(session, "/predict", {"pclass": 3, "sex": "male", "age": 30})["probability"] < 0.5


def test_the_same_dataset_again_changes_nothing(session: Session) -> None:
    before = ask(session, "/model")["version"]
    done = command(session, "upload", str(TITANIC))
    assert done.returncode == 0, done.stderr
    assert f"the same file made version {before} before" in done.stdout
    assert "already published" in session.wait_for("datasets/titanic/titanic.csv: already published")
    assert ask(session, "/model")["version"] == before


def test_a_bad_dataset_is_refused_and_the_champion_stays(session: Session, tmp_path: Path) -> None:
    before = ask(session, "/model")["version"]
    bad = tmp_path / "bad boat.csv"
    bad.write_text("a,b\n1,2\n")
    done = command(session, "upload", str(bad))
    assert done.returncode == 1
    assert "Refused " in done.stdout
    assert ask(session, "/model")["version"] == before


def test_one_command_makes_a_model_of_a_strangers_table(session: Session, tmp_path: Path) -> None:
    file = tmp_path / "churn.csv"
    file.write_text(churn_table())
    done = command(session, "model", str(file), "--name", "churn", "--target", "churned")
    assert done.returncode == 0, done.stdout + done.stderr
    for words in (
        "Schema     inferred from churn.csv",
        "Published  version",
        "Columns    used:",
        "Promoted ",
    ):
        assert words in done.stdout
    assert "/models/churn/predict" in done.stdout
    row = {"calls": 9, "plan": "basic", "paperless": True}
    assert ask(session, "/models/churn/predict", row)["model"]["name"] == "churn"
    assert ask(session, "/predict", {"pclass": 3, "sex": "male"})["model"]["name"] == "titanic"


def test_the_versions_of_the_running_store_are_listed(session: Session) -> None:
    done = command(session, "models", "list", "--model", "titanic")
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


def test_a_failure_is_a_sentence_and_an_exit_code(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path / "store"))
    assert main(["upload", str(tmp_path / "missing.csv")]) == 1
    assert "Failed: " in capsys.readouterr().err


@pytest.mark.usefixtures("_no_store")
def test_without_a_runner_an_upload_says_how_to_start_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "find_runner", lambda: None)
    for words in (["upload", str(TITANIC)], ["model", str(TITANIC), "--name", "titanic"], ["models"]):
        assert main(words) == 1
        assert "`make run`" in capsys.readouterr().err


@pytest.mark.usefixtures("_no_store")
def test_an_upload_goes_to_the_runner_that_is_up(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: list[tuple[str, str, str]] = []

    def note(store: ModelStore, table: Table, say: object) -> bool:
        reached.append((os.environ["AWS_ENDPOINT_URL"], os.environ["AWS_ACCESS_KEY_ID"], store.model))
        return True

    where = ("http://127.0.0.1:1", "s3://lifeboat", "http://127.0.0.1:2", True, "churn", os.getpid())
    runner = State(*where, credentials=Credentials("OURS", "secret"))
    monkeypatch.setattr(asking, "find_runner", lambda: runner)
    monkeypatch.setattr(asking, "upload", note)
    assert main(["upload", str(TITANIC)]) == 0
    assert main(["upload", str(TITANIC), "--model", "titanic"]) == 0
    assert reached == [("http://127.0.0.1:2", "OURS", model) for model in ("churn", "titanic")]
    assert "AWS_ENDPOINT_URL" not in os.environ


@pytest.mark.usefixtures("_no_store")
def test_the_versions_are_those_of_the_runner_that_is_up(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[list[str], str, str, str]] = []

    def note(program: str, words: list[str]) -> None:
        place = os.environ["LIFEBOAT_STORE"], os.environ["AWS_ENDPOINT_URL"], os.environ["AWS_ACCESS_KEY_ID"]
        started.append((words[1:], *place))

    where = ("http://127.0.0.1:1", "s3://lifeboat", "http://127.0.0.1:2", True, "churn", os.getpid())
    runner = State(*where, credentials=Credentials("OURS", "secret"))
    monkeypatch.setattr(asking, "find_runner", lambda: runner)
    monkeypatch.setattr(os, "execv", note)
    main(["models", "all"])
    assert started == [
        (["-m", "training", "models", "all"], "s3://lifeboat", "http://127.0.0.1:2", "OURS"),
    ]
    assert f"Runner     http://127.0.0.1:1 (process {os.getpid()}" in capsys.readouterr().err


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
    children = [pid for pid in tree(session.process.pid) if b"embedded_store" in command_of(pid)]
    assert len(children) == 1
    os.kill(children[0], signal.SIGKILL)
    assert session.process.wait(timeout=60) == 1
    said = session.wait_for("Failed: ")
    assert "the embedded store's process ended (signal 9), and what it held in memory is gone" in said
    assert "Traceback" not in session.output
    assert processes_left() == []


def command_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def test_beside_a_store_that_is_named_the_template_says_which_model_is_the_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    models: list[str] = []

    def note(store: ModelStore, table: Table, say: object) -> bool:
        models.append(store.model)
        return True

    monkeypatch.setattr(asking, "find_runner", lambda: None)
    monkeypatch.setattr(asking, "upload", note)
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path))
    monkeypatch.delenv("LIFEBOAT_DEFAULT_MODEL")
    assert main(["upload", str(TITANIC)]) == 0
    monkeypatch.setenv("LIFEBOAT_DEFAULT_MODEL", "churn")
    assert main(["upload", str(TITANIC)]) == 0
    assert models == ["titanic", "churn"]


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
