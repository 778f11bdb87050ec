"""Memory and disk run out under a warm function: it says so, leaves nothing behind, and goes on."""

import os
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from functions.core.base.ids import time_of
from functions.core.predictions.labels import read_labels
from functions.core.predictions.records import folder
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from functions.local.platform.function_process import FunctionProcess
from tests.faults.machine import Machine
from tests.faults.tally import LOST, Tally
from tests.support.production import logged_line
from tests.support.titanic import MODEL

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux limits a process that runs already"
)

MIB = 2**20
# Less than one such body takes to be read, more than one row takes.
ROWS = "pclass,sex,age\n" + "1,female,29\n" * 10_000

# What Python, numpy or onnxruntime, and the loader of a library say.
OUT_OF_MEMORY = ("MemoryError", "bad_alloc", "failed to map segment")


def pid_of(process: FunctionProcess) -> int:
    assert process._sandbox
    return process._sandbox.child._process.pid


@contextmanager
def limited(process: FunctionProcess, kind: int, limit: int) -> Iterator[None]:
    """The process may have no more of `kind` for a while."""
    pid = pid_of(process)
    before = resource.prlimit(pid, kind)
    resource.prlimit(pid, kind, (limit, before[1]))
    try:
        yield
    finally:
        # A process that died of it is gone, and so is its limit.
        if Path(f"/proc/{pid}").exists():
            resource.prlimit(pid, kind, before)


def memory_of(process: FunctionProcess) -> int:
    """The bytes of addresses that a process has."""
    pages = int(Path(f"/proc/{pid_of(process)}/statm").read_text().split()[0])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
def place(published: Path, tmp_path: Path, machine: Machine) -> ModelStore:
    """A store in a folder, with the prediction that outcomes are told of."""
    store = FolderStore(str(tmp_path / "store"))
    original = FolderStore(str(published))
    for entry in original.list(""):
        store.put(entry.key, original.get(entry.key).body)
    store.put(f"{folder(datetime.now(UTC))}a.jsonl", logged_line(machine.prediction, model=MODEL))
    return ModelStore(store, MODEL)


def test_a_disk_that_is_full(machine: Machine, tally: Tally, place: ModelStore, tmp_path: Path) -> None:
    during, after = tally.of("disk full", "feedback"), tally.of("disk full: afterwards", "feedback")
    process = machine.process("feedback", LIFEBOAT_STORE=str(tmp_path / "store"))
    try:
        assert machine.ask("feedback", process) == 200
        machine.recorded.clear()
        before = sorted(path for path in tmp_path.rglob("*") if path.is_file())
        # A file of which not a byte can be written: each write fails as on a full disk.
        with limited(process, resource.RLIMIT_FSIZE, 0):
            for _ in range(5):
                during.statuses[machine.ask("feedback", process)] += 1
        assert during.statuses == {503: 5}, machine.log[-10:]
        assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == before
        after.statuses[machine.ask("feedback", process)] += 1
        assert after.statuses == {200: 1}
    finally:
        machine.run(process.stop())
    labels = read_labels(place, {time_of(machine.prediction).date()})[machine.prediction]
    assert {label.source for label in labels} >= set(machine.recorded)
    machine.recorded.clear()
    tally.notes.append("disk full: files left behind: 0; outcomes lost: 0")


def test_memory_that_runs_out(machine: Machine, tally: Tally) -> None:
    """A batch that is too much fails, alone or with the process; one row is answered, before and after."""
    process = machine.process("predict")
    rows = tally.of("memory runs out", "predict")
    batches = tally.of("memory runs out: a batch", "predict")
    logged = len(machine.log)
    try:
        assert machine.ask("predict", process) == 200
        assert machine.ask_batch(process, ROWS) == 200
        machine.run(process.stop())
        assert machine.ask("predict", process) == 200
        with limited(process, resource.RLIMIT_AS, memory_of(process) + 4 * MIB):
            for _ in range(3):
                rows.statuses[machine.ask("predict", process)] += 1
                batches.statuses[machine.ask_batch(process, ROWS)] += 1
        assert batches.statuses.keys() <= {LOST, 500, 503}, machine.log[-10:]
        rows.statuses[machine.ask("predict", process)] += 1
        assert rows.statuses.keys() == {200}, (rows, batches, machine.log[-10:])
        assert machine.ask_batch(process, ROWS) == 200
        # It does say why; these lines are no mistakes of ours.
        assert any(word in line for line in machine.log[logged:] for word in OUT_OF_MEMORY)
    finally:
        machine.run(process.stop())
    del machine.log[logged:]
