"""Retrains that are killed at any moment, or lack memory or room: what they leave, and what comes next."""

import json
import os
import random
import resource
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from functions.core.base.errors import NoChampion
from functions.core.registry import deployment, versions
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import SCHEMA as SCHEMA_KEY
from functions.core.storage.view import ModelStore
from tests.support.titanic import MODEL, SCHEMA, TABLE

if TYPE_CHECKING:
    # Its libraries are imported by the process that retrains.
    from tests.faults.retraining import Answer

DEATHS = 100
SEED = 13
KEY = f"datasets/{MODEL}/titanic.csv"
Retrain = Callable[..., "Answer"]


@pytest.fixture(scope="module")
def retrain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Retrain]:
    """Retrains on the upload in a folder, under limits: those of `retraining.Order`."""
    folder = tmp_path_factory.mktemp("temporary")
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.retraining"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # Only a process with one thread can be forked safely.
        env=os.environ | {"LIFEBOAT_FOLDS": "2", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    ) as process:

        def run(root: Path, **limits: float) -> "Answer":
            assert process.stdin is not None
            assert process.stdout is not None
            order: dict[str, Any] = {
                "killed_after": None,
                "memory": None,
                "room": None,
                "is_estimated": True,
                **limits,
            }
            order |= {"root": str(root), "folder": str(folder), "event": uploaded()}
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
            answer: Answer = json.loads(process.stdout.readline())
            assert [*folder.iterdir()] == [], "left in the temporary folder"
            return answer

        yield run
        process.stdin.close()  # type: ignore[union-attr] # it is a pipe


def uploaded() -> dict[str, Any]:
    path = Path(__file__).parents[1] / "events" / "s3_put.json"
    event: dict[str, Any] = json.loads(path.read_text())
    event["Records"][0]["s3"]["object"] = {"key": KEY}
    return event


def with_upload(root: Path) -> ModelStore:
    store = ModelStore(FolderStore(str(root)), MODEL)
    store.put(SCHEMA_KEY, SCHEMA.as_json())
    store.put("datasets/titanic.csv", TABLE.read_bytes())
    return store


def state_of(store: ModelStore) -> str:
    """How far a retrain came. Fails where anything can be seen that is not whole."""
    found = "nothing"
    for version in versions.published(store):
        manifest = versions.read_manifest(store, version)
        # Raises where its bytes are not those of the manifest.
        versions.read_model(store, manifest)
        for name, file in manifest.files.items():
            assert len(store.get(f"models/{version}/{name}").body) == file.size, name
        found = "published"
    try:
        champion, _ = deployment.read_champion(store)
    except NoChampion:
        return found
    assert champion.version in versions.published(store)
    return "promoted"


def test_a_retrain_killed_at_a_hundred_random_moments_leaves_nothing_half_done(
    tmp_path: Path, retrain: Retrain
) -> None:
    with_upload(tmp_path / "whole")
    whole = retrain(tmp_path / "whole")
    assert [result["status"] for result in whole["said"]] == ["promoted"]
    version, takes = whole["said"][0]["version"], whole["seconds"]

    draw = random.Random(SEED)  # noqa: S311 # no secret
    ended, parts = Counter[str](), 0
    for number in range(DEATHS):
        root = tmp_path / f"{number}"
        store = with_upload(root)
        # Half of them late, where it writes.
        moment = draw.uniform(0 if number % 2 else 0.7, 1.1)
        answer = retrain(root, killed_after=moment * takes)
        assert answer["code"] in (-9, 0)
        state = state_of(store)
        ended["finished before" if answer["code"] == 0 else f"killed, {state}"] += 1
        parts += sum(1 for _ in root.rglob(".part-*"))
        # One in ten, to be quick: what it finds is one of few states.
        if number % 10 == 0 or ended[f"killed, {state}"] == 1:
            (result,) = retrain(root)["said"]
            assert result["version"] == version
            assert state_of(store) == "promoted"
        shutil.rmtree(root)
    killed = sum(count for how, count in ended.items() if how.startswith("killed"))
    print(f"\n{DEATHS} retrains of {takes:.2f} s, {killed} killed: {dict(ended)}")
    print(f"half-written and visible: 0; left in the temporary folder: 0; unseen parts in the store: {parts}")
    assert killed > DEATHS // 2


@pytest.mark.parametrize("megabytes", [4, 16, 64, 100])
def test_a_retrain_without_memory_says_so_and_the_next_one_goes_through(
    tmp_path: Path, retrain: Retrain, megabytes: int
) -> None:
    store = with_upload(tmp_path)
    answer = retrain(tmp_path, memory=megabytes * 2**20)
    print(f"\n{megabytes} MB more: exit code {answer['code']}, {str(answer['said'])[:300]}")
    assert answer["code"] == 0, "it was not ended, nor did it hang"
    (result,) = answer["said"]
    assert (result["status"], result["rule"]) == ("rejected", "unfit dataset")
    assert "(the process's address space); raise the limit" in result["reason"]
    (report,) = (json.loads(store.get(entry.key).body) for entry in store.list("rejected/"))
    assert report["reason"] == result["reason"]
    assert state_of(store) == "nothing"
    assert retrain(tmp_path)["said"][0]["status"] == "promoted"


@pytest.mark.parametrize("megabytes", [1, 4, 8, 16])
def test_a_retrain_that_runs_out_of_memory_in_spite_of_the_estimate_ends_and_leaves_nothing_half_done(
    tmp_path: Path, retrain: Retrain, megabytes: int
) -> None:
    store = with_upload(tmp_path)
    answer = retrain(tmp_path, memory=megabytes * 2**20, is_estimated=False)
    print(f"\n{megabytes} MB more: exit code {answer['code']}, {str(answer['said'])[:300]}")
    # OpenBLAS ends the process where it gets no memory, which nobody can catch: hence the estimate.
    if answer["code"] == 0:
        (report,) = (json.loads(store.get(entry.key).body) for entry in store.list("rejected/"))
        for said in (str(answer["said"]), report["reason"]):
            assert "took more memory than" in said
    assert state_of(store) == "nothing"
    assert retrain(tmp_path)["said"][0]["status"] == "promoted"


@pytest.mark.parametrize("room", [0, 1_000, 50_000, 100_000])
def test_a_retrain_without_room_says_so_and_the_next_one_goes_through(
    tmp_path: Path, retrain: Retrain, room: int
) -> None:
    store = with_upload(tmp_path)
    assert room < TABLE.stat().st_size
    answer = retrain(tmp_path, room=room)
    print(f"\nfiles of at most {room:,} bytes: {answer['said']}")
    assert answer["code"] == 0
    assert "is full; upload a smaller file" in answer["said"]
    assert state_of(store) == "nothing"
    assert [*tmp_path.rglob(".part-*")] == []
    assert retrain(tmp_path)["said"][0]["status"] == "promoted"
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
