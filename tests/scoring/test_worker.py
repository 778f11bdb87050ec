"""A job from the file that is put into the store to its result: in parts, interrupted, and refused."""

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from functions.core.storage.contract import Store
from functions.core.storage.view import ModelStore
from functions.local.platform.template import read_template
from functions.local.process.child import ROOT
from functions.scoring.job import read_job
from functions.scoring.places import job_key
from functions.scoring.worker import MAX_ATTEMPTS
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
    results,
    rows_of,
    table,
    the_job,
)

KEY = f"scoring/{MODEL}/in/passengers.csv"


def test_a_file_that_is_put_into_the_store_is_scored(
    whole_store: Store, store: ModelStore, root: Path
) -> None:
    body = table()
    whole_store.put(KEY, body)
    [answer] = handle(whole_store, put_event(whole_store, KEY))
    assert answer["state"] == "done"
    assert (answer["rows"], answer["bad"]) == (3_000, 0)
    assert result(store) == expected(store, body)
    job = the_job(store)
    assert job.progress is not None
    assert len(job.progress.parts) > 5
    assert job.plan is not None
    assert (job.plan.lines, job.plan.columns.passed_over[0]) == (3_000, "survived")
    assert left_over(root) == []
    assert [*store.list("scoring/again/")] == []


def test_gzip_changes_nothing(whole_store: Store, store: ModelStore) -> None:
    body = table()
    whole_store.put(f"{KEY}.gz", gzip.compress(body))
    assert handle_all(whole_store, put_event(whole_store, f"{KEY}.gz"))["state"] == "done"
    assert result(store) == expected(store, body)
    assert next(iter(results(store))).endswith("/passengers.csv")


def test_an_event_that_comes_again_scores_nothing_again(whole_store: Store, store: ModelStore) -> None:
    whole_store.put(KEY, table(100))
    event = put_event(whole_store, KEY)
    first = handle(whole_store, event)
    written: list[str] = []
    with calls(whole_store, "upload_part", lambda key, *_: written.append(key)):
        assert handle(whole_store, event) == first
    assert written == []
    assert len(jobs(store)) == 1


def clock(lasts: int) -> Callable[[], float]:
    """The seconds that are left: enough for so many parts of the file."""
    left = iter([900.0] * lasts)
    return lambda: next(left, 0.0)


@pytest.mark.parametrize("packed", [False, True])
def test_an_invocation_whose_time_is_up_hands_over_all_that_it_has_done(
    whole_store: Store, store: ModelStore, root: Path, packed: bool
) -> None:
    body = table()
    key = f"{KEY}.gz" if packed else KEY
    whole_store.put(key, gzip.compress(body) if packed else body)
    [answer] = handle(whole_store, put_event(whole_store, key), seconds=clock(2))
    rows, invocations = [answer["rows"]], 1
    while answer["state"] == "running":
        assert the_job(store).worker is None
        assert result(store) is None
        again = put_event(whole_store, f"scoring/{MODEL}/again/{answer['job']}")
        [answer] = handle(whole_store, again, seconds=clock(2))
        rows.append(answer["rows"])
        invocations += 1
    assert rows == sorted(set(rows)), "each got on"
    assert invocations > 5
    assert answer["state"] == "done"
    assert result(store) == expected(store, body)
    assert left_over(root) == []
    assert [*store.list("scoring/again/")] == []


def test_bad_rows_are_counted_and_say_why(whole_store: Store, store: ModelStore) -> None:
    whole_store.put(KEY, b"pclass,sex,note\n1,female,a\n9,male,b\n2,male,=1+1\n")
    [answer] = handle(whole_store, put_event(whole_store, KEY))
    assert (answer["state"], answer["rows"], answer["bad"]) == ("done", 3, 1)
    first, bad, last = rows_of(result(store) or b"")
    assert (bad["error"], bad["probability"]) == ("pclass: must be 1, 2 or 3", "")
    assert last["note"] == "'=1+1"
    assert first["version"] == answer["version"]


def test_a_table_without_rows_has_a_result_without_rows(whole_store: Store, store: ModelStore) -> None:
    whole_store.put(KEY, b"pclass,sex\n")
    [answer] = handle(whole_store, put_event(whole_store, KEY))
    assert (answer["state"], answer["rows"]) == ("done", 0)
    assert result(store) == b"pclass,sex,survived,probability,version,error\n"


def test_rows_are_explained_where_that_is_asked_for(whole_store: Store, store: ModelStore) -> None:
    whole_store.create(KEY, b"pclass,sex\n1,female\n3,male\n", metadata={"explain": "true"})
    assert handle(whole_store, put_event(whole_store, KEY))[0]["state"] == "done"
    for row in rows_of(result(store) or b""):
        parts = [float(cell) for name, cell in row.items() if name.startswith("contribution_")]
        assert float(row["base_probability"]) + sum(parts) == pytest.approx(
            float(row["probability"]), abs=1e-6
        )


def test_more_rows_than_can_be_explained_are_refused(whole_store: Store, store: ModelStore) -> None:
    whole_store.create(KEY, table(200), metadata={"explain": "true"})
    limits = replace(LIMITS, max_explained=100)
    [answer] = handle(whole_store, put_event(whole_store, KEY), limits=limits)
    assert answer["state"] == "failed"
    assert "100 rows at most can be explained" in answer["reason"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "the file is empty"),
        (b"sex,age\nmale,3\n", "no column pclass"),
        (b'pclass,sex\n1,"male\n', "never closed"),
        (b"pclass,sex\n" + b"1,male\n" * 9_000 + b"\0", "zero byte"),
        (gzip.compress(table(500))[:5_000], "damaged or cut off"),
        (b"PK\x03\x04" + bytes(500), "ZIP archive"),
    ],
    ids=["empty", "without a column", "quote not closed", "zero bytes", "cut off", "an archive"],
)
def test_a_file_that_is_no_table_fails_with_the_reason_and_leaves_no_result(
    whole_store: Store, store: ModelStore, root: Path, body: bytes, reason: str
) -> None:
    key = f"{KEY}.gz" if body[:2] == b"\x1f\x8b" else KEY
    whole_store.put(key, body)
    [answer] = handle(whole_store, put_event(whole_store, key))
    assert answer["state"] == "failed"
    assert reason in answer["reason"]
    assert (result(store), left_over(root)) == (None, [])


def test_a_file_that_stops_being_csv_far_behind_leaves_no_result(
    whole_store: Store, store: ModelStore, root: Path
) -> None:
    body = table() + b'1,0,"not closed\n'
    whole_store.put(KEY, body)
    [answer] = handle(whole_store, put_event(whole_store, KEY))
    assert answer["state"] == "failed"
    assert "line 3002" in answer["reason"]
    assert (result(store), left_over(root)) == (None, [])


def test_a_file_that_is_replaced_midway_ends_its_job_and_begins_another(
    whole_store: Store, store: ModelStore, root: Path
) -> None:
    old, new = table(), table(50)
    whole_store.put(KEY, old)
    event = put_event(whole_store, KEY)

    def replaced(_key: str, _upload: str, number: int, _body: bytes) -> None:
        if number == 2:
            whole_store.put(KEY, new)

    with calls(whole_store, "upload_part", replaced):
        [answer] = handle(whole_store, event)
    assert answer["state"] == "failed"
    assert "another file was put in its place" in answer["reason"]
    assert (result(store), left_over(root)) == (None, [])
    [again] = handle(whole_store, event)
    assert again["state"] == "gone"
    [other] = handle(whole_store, put_event(whole_store, KEY))
    assert other["state"] == "done"
    assert other["job"] != answer["job"]
    assert result(store) == expected(store, new)


def test_a_file_that_is_deleted_midway_ends_its_job(
    whole_store: Store, store: ModelStore, root: Path
) -> None:
    whole_store.put(KEY, table())
    event = put_event(whole_store, KEY)

    def deleted(_key: str, _upload: str, number: int, _body: bytes) -> None:
        if number == 2:
            whole_store.delete(KEY)

    with calls(whole_store, "upload_part", deleted):
        [answer] = handle(whole_store, event)
    assert answer["state"] == "failed"
    assert "deleted before all of it was scored" in answer["reason"]
    assert (result(store), left_over(root)) == (None, [])
    assert handle(whole_store, event)[0]["state"] == "gone"


def test_a_version_that_is_promoted_midway_does_not_answer_for_a_job_that_has_begun(
    whole_store: Store, store: ModelStore
) -> None:
    whole_store.put(KEY, table())
    [answer] = handle(whole_store, put_event(whole_store, KEY), seconds=clock(2))
    version = answer["version"]
    champion = store.get("registry/champion.json")
    other = json.loads(champion.body) | {"version": "0123456789abcdef"}
    store.replace("registry/champion.json", json.dumps(other).encode(), etag=champion.etag)
    last = handle_all(whole_store, put_event(whole_store, f"scoring/{MODEL}/again/{answer['job']}"))
    assert (last["state"], last["version"]) == ("done", version)


def test_without_a_model_in_service_a_job_says_so(whole_store: Store, store: ModelStore) -> None:
    key = "scoring/nobody/in/a.csv"
    whole_store.put(key, b"a,b\n1,2\n")
    [answer] = handle(whole_store, put_event(whole_store, key))
    assert answer["state"] == "failed"
    assert "no model has been promoted" in answer["reason"]


@pytest.mark.parametrize(
    "key",
    [
        "scoring/a.csv",
        f"scoring/{MODEL}/in/a.xlsx",
        f"scoring/{MODEL}/elsewhere/a.csv",
        "scoring/A B/in/a.csv",
    ],
)
def test_what_is_no_file_to_be_scored_is_ignored(whole_store: Store, store: ModelStore, key: str) -> None:
    whole_store.put(key, b"pclass,sex\n1,male\n")
    [answer] = handle(whole_store, put_event(whole_store, key))
    assert answer["state"] == "ignored"
    assert jobs(store) == []


def test_a_job_that_never_gets_on_fails_in_the_end(whole_store: Store, store: ModelStore, root: Path) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        raise Killed

    whole_store.put(KEY, table())
    event = put_event(whole_store, KEY)
    with calls(whole_store, "upload_part", kill):
        for _ in range(LIMITS.max_attempts):
            with pytest.raises(Killed):
                handle(whole_store, event)
    [answer] = handle(whole_store, event)
    assert answer["state"] == "failed"
    assert f"{LIMITS.max_attempts} attempts ended near line 2 " in answer["reason"]
    assert (result(store), left_over(root)) == (None, [])


def test_an_event_comes_often_enough_for_a_job_that_never_gets_on_to_fail() -> None:
    """Or it would be said to be running for ever."""
    scoring = read_template(ROOT / "template.yaml").functions["ScoringFunction"]
    assert scoring.retries >= MAX_ATTEMPTS


def test_a_record_that_is_damaged_is_said_to_be(whole_store: Store, store: ModelStore) -> None:
    whole_store.put(KEY, table(10))
    [answer] = handle(whole_store, put_event(whole_store, KEY))
    store.put(job_key(answer["job"]), b"{}")
    with pytest.raises(Exception, match="is damaged"):
        read_job(store, answer["job"])
