"""A job that dies at any of its writes, is worked on twice at once, is cancelled: whole results or none."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from functions.core.base.errors import Conflict, StoreUnavailable
from functions.core.storage.contract import Store
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from functions.scoring.cancelling import cancel_job
from functions.scoring.job import read_job
from tests.conftest import MODEL
from tests.scoring.jobs import (
    LIMITS,
    calls,
    expected,
    handle,
    handle_all,
    jobs,
    left_over,
    put_event,
    result,
    table,
    the_job,
)

KEY = f"scoring/{MODEL}/in/passengers.csv"
WRITES = (
    "put",
    "create",
    "replace",
    "delete",
    "begin_upload",
    "upload_part",
    "complete_upload",
    "abort_upload",
)
BODY = table(800)


class Killed(BaseException):
    """As good as SIGKILL: nothing that has a cure for errors has one for this."""


class DeadlyStore(FolderStore):
    """A folder in which nobody lives to see the end of write `last`: its number, from 1, or its name.

    before: whether death comes before the write, or after it and before the answer.
    """

    def __init__(self, root: str, last: int | str, *, before: bool) -> None:
        super().__init__(root)
        self.writes: list[str] = []
        self._inner = False
        for name in WRITES:
            setattr(self, name, self._deadly(name, last, before=before))

    def _deadly(self, name: str, last: int | str, *, before: bool) -> Callable[..., Any]:
        method = getattr(super(), name)

        def write(*arguments: Any, **options: Any) -> Any:
            if self._inner:
                return method(*arguments, **options)
            self.writes.append(name)
            is_last = last in (len(self.writes), name)
            if is_last and before:
                raise Killed
            self._inner = True
            try:
                answer = method(*arguments, **options)
            finally:
                self._inner = False
            if is_last:
                raise Killed
            return answer

        return write


@pytest.mark.long
@pytest.mark.parametrize("before", [True, False], ids=["before it", "after it"])
@pytest.mark.parametrize("hurried", [False, True], ids=["in one go", "handed over"])
def test_a_job_that_dies_at_any_of_its_writes_goes_on_to_the_same_bytes(
    root: Path, whole_store: Store, store: ModelStore, before: bool, hurried: bool
) -> None:
    """hurried: each invocation has time for one part of the text alone."""
    rows = 300 if hurried else 800
    body = table(rows)
    whole_store.put(KEY, body)
    whole = expected(store, body)
    seconds: Callable[[], float] = (lambda: 0.0) if hurried else (lambda: 900.0)
    deaths = 0
    last = 1
    while True:
        deadly = DeadlyStore(str(root), last, before=before)
        event = put_event(whole_store, KEY)
        try:
            answer = handle_all(deadly, event, seconds=seconds)
        except Killed:
            deaths += 1
            assert result(store) in (None, whole), f"after write {last}, a {deadly.writes[-1]}"
            # Lambda sends the event again, and nobody kills it.
            answer = handle_all(FolderStore(str(root)), event, seconds=seconds)
        else:
            break
        assert answer["state"] == "done"
        assert answer["rows"] == rows
        assert result(store) == whole
        assert len(jobs(store)) == 1
        for entry in [*whole_store.list("scored/"), *whole_store.list(f"scoring/{MODEL}/again/")]:
            whole_store.delete(entry.key)
        last += 1
    assert deaths == last - 1
    assert deaths > (20 if hurried else 8)


def test_what_is_left_by_the_dead_is_little_and_nobody_sees_it(
    root: Path, whole_store: Store, store: ModelStore
) -> None:
    whole_store.put(KEY, BODY)
    event = put_event(whole_store, KEY)
    with pytest.raises(Killed):
        handle(DeadlyStore(str(root), "begin_upload", before=False), event)
    assert handle_all(FolderStore(str(root)), event)["state"] == "done"
    # An upload that no record knows: the bucket's lifecycle ends it, a folder forgets it after a week.
    assert len(left_over(root)) == 1
    assert [entry.key for entry in store.list("scored/")] == [
        f"scored/jobs/{the_job(store).id}.json",
        f"scored/results/{the_job(store).id}/passengers.csv",
    ]


@pytest.mark.long
def test_a_process_that_is_killed_midway_is_gone_on_with(
    root: Path, whole_store: Store, store: ModelStore
) -> None:
    body = table(3_000)
    whole_store.put(KEY, body)
    event = put_event(whole_store, KEY)
    killed = 0
    for moment in (2, 4, 7):
        order = json.dumps({"root": str(root), "event": event, "parts": moment})
        ended = subprocess.run(
            [sys.executable, "-m", "tests.scoring.dying"],
            input=order,
            text=True,
            check=False,
            capture_output=True,
        )
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        killed += 1
        assert result(store) is None
        progress = the_job(store).progress
        assert progress is not None
        assert len(progress.parts) == moment - 1
    assert killed == 3
    numbers: list[int] = []
    with calls(whole_store, "upload_part", lambda _key, _upload, number, _body: numbers.append(number)):
        assert handle_all(whole_store, event)["state"] == "done"
    assert numbers[0] == 7, "what counts is not scored again"
    assert result(store) == expected(store, body)


def test_two_at_once_make_one_result(root: Path, whole_store: Store, store: ModelStore) -> None:
    whole_store.put(KEY, BODY)
    whole = expected(store, BODY)
    event = put_event(whole_store, KEY)
    answers: list[dict[str, Any]] = []
    errors: list[BaseException] = []

    def work(gate: threading.Barrier) -> None:
        own = FolderStore(str(root))
        try:
            gate.wait()
            answers.extend(handle(own, event))
        except BaseException as error:
            errors.append(error)

    for _ in range(8):
        gate = threading.Barrier(4)
        threads = [threading.Thread(target=work, args=(gate,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # Who took the job from another may have been taken it from in turn: the next event goes on.
        assert handle_all(whole_store, event)["state"] == "done"
        assert result(store) == whole
        assert len(jobs(store)) == 1
        for entry in [*whole_store.list("scored/")]:
            whole_store.delete(entry.key)
    assert errors == []
    assert len(answers) == 32


def test_somebody_who_is_at_work_is_left_alone(whole_store: Store, store: ModelStore) -> None:
    whole_store.put(KEY, BODY)
    event = put_event(whole_store, KEY)
    seen: list[list[dict[str, Any]]] = []

    def again(_key: str, _upload: str, number: int, _body: bytes) -> None:
        if number == 2:
            stored = read_job(store, the_job(store).id)

            def pause(_seconds: float) -> None:
                stored.save(beat=stored.job.beat + 1)

            # The second sees that the record changes, and goes.
            patient = replace(LIMITS, patience=5.0, pause=pause)
            seen.append(handle(whole_store, event, limits=patient))

    with calls(whole_store, "upload_part", again):
        handle(whole_store, event)
    [[second]] = seen
    assert second["state"] == "running"


def test_a_job_that_is_cancelled_midway_has_no_result(
    root: Path, whole_store: Store, store: ModelStore
) -> None:
    whole_store.put(KEY, BODY)
    event = put_event(whole_store, KEY)

    def cancel(_key: str, _upload: str, number: int, _body: bytes) -> None:
        if number == 2:
            cancel_job(store, the_job(store).id)

    with calls(whole_store, "upload_part", cancel):
        try:
            [answer] = handle(whole_store, event)
        except Exception:
            # The part came to an upload that was given up.
            [answer] = handle(whole_store, event)
    assert answer["state"] == "cancelled"
    assert (result(store), left_over(root)) == (None, [])
    [again] = handle(whole_store, event)
    assert again["state"] == "cancelled"
    assert cancel_job(store, answer["job"]).job.state == "cancelled"


def test_a_job_whose_result_is_there_cannot_be_cancelled(whole_store: Store, store: ModelStore) -> None:
    whole_store.put(KEY, BODY)
    event = put_event(whole_store, KEY)

    def cancel(*_: object) -> None:
        with pytest.raises(Conflict, match="is done already"):
            cancel_job(store, the_job(store).id)

    with calls(whole_store, "complete_upload", cancel):
        assert handle(whole_store, event)[0]["state"] == "done"
    cancel()
    assert result(store) == expected(store, BODY)


def test_a_store_that_is_away_for_a_moment_costs_nothing_but_another_event(
    whole_store: Store, store: ModelStore
) -> None:
    whole_store.put(KEY, BODY)
    event = put_event(whole_store, KEY)

    def away(_key: str, _upload: str, number: int, _body: bytes) -> None:
        if number == 3:
            raise StoreUnavailable("the store could not be reached")

    with calls(whole_store, "upload_part", away), pytest.raises(Exception, match="could not be reached"):
        handle(whole_store, event)
    job = the_job(store)
    assert job.progress is not None
    assert (job.worker, len(job.progress.parts)) == (None, 2)
    assert handle(whole_store, event)[0]["state"] == "done"
    assert result(store) == expected(store, BODY)
