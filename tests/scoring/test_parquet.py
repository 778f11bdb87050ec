"""A Parquet file is scored as its text is: in row groups, interrupted, damaged, replaced."""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from functions.core.storage.contract import Store
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from tests.conftest import MODEL
from tests.scoring.jobs import (
    LIMITS,
    calls,
    expected,
    handle,
    handle_all,
    left_over,
    put_event,
    result,
    results,
    rows_of,
    table,
    the_job,
)
from tests.scoring.measured import measure_job
from tests.scoring.test_deaths import DeadlyStore, Killed

KEY = f"scoring/{MODEL}/in/passengers.parquet"
# So that each row group takes several batches, of which the last one is smaller.
QUICK = replace(LIMITS, cut_rows=70)
WORDS = ("ticket", "cabin", "boat", "body", "home.dest")


def as_parquet(body: bytes, *, group: int = 300, **options: Any) -> bytes:
    """A table in text as Parquet."""
    kept = arrow_csv.ConvertOptions(column_types=dict.fromkeys(WORDS, pa.string()))
    stream = io.BytesIO()
    read = arrow_csv.read_csv(io.BytesIO(body), convert_options=kept)
    parquet.write_table(read, stream, row_group_size=group, **options)
    return stream.getvalue()


def written(columns: dict[str, Any]) -> bytes:
    stream = io.BytesIO()
    parquet.write_table(pa.table(columns), stream)
    return stream.getvalue()


def answers(body: bytes) -> list[tuple[str, ...]]:
    """What was said of each row."""
    return [(row["survived"], row["probability"], row["version"], row["error"]) for row in rows_of(body)]


@pytest.mark.parametrize("compression", ["snappy", "zstd", "gzip", "brotli", "lz4", "none"])
def test_the_answers_are_those_of_the_same_table_in_text_and_the_columns_are_kept(
    whole_store: Store, store: ModelStore, root: Path, compression: str
) -> None:
    body = table(1_000)
    whole_store.put(KEY, as_parquet(body, compression=compression))
    [answer] = handle(whole_store, put_event(whole_store, KEY), limits=QUICK)
    assert (answer["state"], answer["rows"], answer["bad"]) == ("done", 1_000, 0)
    scored = result(store)
    assert scored is not None
    assert answers(scored) == answers(expected(store, body))
    # Of Parquet, a number is what it is, whatever its text was: 29.0 is 29.
    for name in ("name", "sex", "ticket", "embarked"):
        assert [row[name] for row in rows_of(scored)] == [
            row[name] for row in rows_of(expected(store, body))
        ], name
    assert next(iter(results(store))).endswith("/passengers.csv")
    job = the_job(store)
    assert job.plan is not None
    assert job.progress is not None
    assert (job.plan.lines, job.progress.begins, job.progress.line) == (1_000, 1_000, 1_001)
    assert len(job.progress.parts) > 2
    assert left_over(root) == []


def test_what_a_file_is_does_not_hang_on_its_name(whole_store: Store, store: ModelStore) -> None:
    body = table(100)
    for key, content in ((KEY, body), (KEY.replace(".parquet", ".csv"), as_parquet(body))):
        whole_store.put(key, content)
        assert handle(whole_store, put_event(whole_store, key))[0]["state"] == "done"
    first, second = (answers(scored) for scored in results(store).values())
    assert first == second


def clock(lasts: int) -> Callable[[], float]:
    """The seconds that are left: enough for so many batches."""
    left = iter([900.0] * lasts)
    return lambda: next(left, 0.0)


@pytest.mark.parametrize("lasts", [0, 3, 4])
def test_it_goes_on_within_a_row_group_and_at_the_next_one(
    whole_store: Store, store: ModelStore, root: Path, lasts: int
) -> None:
    body = as_parquet(table(1_000))
    whole_store.put(KEY, body)
    assert handle(whole_store, put_event(whole_store, KEY), limits=QUICK)[0]["state"] == "done"
    whole = result(store)
    for entry in [*whole_store.list("scored/")]:
        whole_store.delete(entry.key)
    [answer] = handle(whole_store, put_event(whole_store, KEY), limits=QUICK, seconds=clock(lasts))
    rows = [answer["rows"]]
    while answer["state"] == "running":
        assert result(store) is None
        again = put_event(whole_store, f"scoring/{MODEL}/again/{answer['job']}")
        [answer] = handle(whole_store, again, limits=QUICK, seconds=clock(lasts))
        rows.append(answer["rows"])
    assert len(rows) > 3
    # The last one may have nothing left to score.
    assert rows[:-1] == sorted(set(rows[:-1])), "each got on"
    assert (answer["state"], rows[-1], result(store)) == ("done", 1_000, whole)
    assert left_over(root) == []


@pytest.mark.parametrize("before", [True, False], ids=["before it", "after it"])
def test_a_job_that_dies_at_any_of_its_writes_goes_on_to_the_same_bytes(
    root: Path, whole_store: Store, store: ModelStore, before: bool
) -> None:
    whole_store.put(KEY, as_parquet(table(500)))
    event = put_event(whole_store, KEY)
    limits = replace(QUICK, part_bytes=20_000)
    assert handle_all(whole_store, event, limits=limits)["state"] == "done"
    whole, last = result(store), 0
    while True:
        for entry in [*whole_store.list("scored/")]:
            whole_store.delete(entry.key)
        last += 1
        try:
            handle_all(DeadlyStore(str(root), last, before=before), event, limits=limits)
        except Killed:
            assert result(store) in (None, whole)
            answer = handle_all(FolderStore(str(root)), event, limits=limits)
            assert (answer["state"], answer["rows"], result(store)) == ("done", 500, whole)
        else:
            break
    assert last > 7


@pytest.mark.parametrize("act", ["replace", "delete"])
def test_a_file_that_is_replaced_or_deleted_midway_ends_its_job(
    whole_store: Store, store: ModelStore, root: Path, act: str
) -> None:
    whole_store.put(KEY, as_parquet(table(3_000), compression="none"))
    event = put_event(whole_store, KEY)

    def change(_key: str, _upload: str, number: int, _body: bytes) -> None:
        if number == 2:
            whole_store.put(KEY, as_parquet(table(10))) if act == "replace" else whole_store.delete(KEY)

    with calls(whole_store, "upload_part", change):
        [answer] = handle(whole_store, event, limits=QUICK)
    assert answer["state"] == "failed"
    assert ("another file was put" if act == "replace" else "was deleted") in answer["reason"]
    assert (result(store), left_over(root)) == (None, [])


ROWS = {"pclass": [1, 2], "sex": ["male", "female"]}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (as_parquet(table(500))[:-1_000], "damaged or cut off"),
        (as_parquet(table(500))[:5_000], "damaged or cut off"),
        (b"PAR1" + bytes(5_000) + b"PAR1", "damaged or cut off"),
        (b"PAR1", "damaged or cut off"),
        (written({"what": [1]}), "no column"),
        (written(ROWS | {"sex": [["male"], ["female"]]}), "the column sex is of the type list"),
        (written(ROWS | {"age": [date(2020, 1, 1)] * 2}), "a date or time"),
        (written(ROWS | {"sex": [b"male", b"female"]}), "of the type binary"),
    ],
)
def test_what_is_no_table_is_said_in_the_record_of_the_job(
    whole_store: Store, store: ModelStore, root: Path, body: bytes, said: str
) -> None:
    whole_store.put(KEY, body)
    [answer] = handle(whole_store, put_event(whole_store, KEY))
    assert answer["state"] == "failed"
    assert said in answer["reason"]
    assert said in the_job(store).reason
    assert (result(store), left_over(root)) == (None, [])


def test_a_page_that_is_damaged_ends_the_job_when_it_comes_to_it(
    whole_store: Store, store: ModelStore, root: Path
) -> None:
    body = bytearray(as_parquet(table(2_000), compression="zstd"))
    last = parquet.ParquetFile(io.BytesIO(bytes(body))).metadata.row_group(6).column(0)
    body[last.data_page_offset : last.data_page_offset + 60] = bytes(60)
    whole_store.put(KEY, bytes(body))
    [answer] = handle(whole_store, put_event(whole_store, KEY), limits=QUICK)
    assert (answer["state"], answer["rows"]) != ("done", 2_000)
    assert "damaged or cut off" in answer["reason"]
    assert (result(store), left_over(root)) == (None, [])


def test_words_where_numbers_belong_are_bad_rows_each_with_its_reason(
    whole_store: Store, store: ModelStore
) -> None:
    whole_store.put(KEY, written(ROWS | {"age": ["29", "old"]}))
    [answer] = handle(whole_store, put_event(whole_store, KEY))
    assert (answer["state"], answer["rows"], answer["bad"]) == ("done", 2, 1)
    errors = [row["error"] for row in rows_of(result(store) or b"")]
    assert errors[0] == ""
    assert errors[1].startswith("age: ")


def test_columns_of_any_kind_that_are_no_features_are_kept_or_passed_over_with_a_note(
    whole_store: Store, store: ModelStore
) -> None:
    whole_store.put(
        KEY,
        written(
            ROWS
            | {
                "when": pa.array([datetime(2026, 3, 1, 12, 30, tzinfo=UTC), None]),
                "list": [[1], [2]],
                "step": [{"length": 1}, None],
                "kind": pa.array(["a", None]).dictionary_encode(),
                "seen": [True, None],
            }
        ),
    )
    [answer] = handle(whole_store, put_event(whole_store, KEY))
    assert answer["state"] == "done", answer["reason"]
    first, second = rows_of(result(store) or b"")
    assert (first["kind"], first["seen"], first["list"], first["step"]) == ("a", "true", "", "")
    assert first["when"].startswith("2026-03-01 ")
    assert (second["kind"], second["when"], second["seen"]) == ("", "", "")
    job = the_job(store)
    assert job.plan is not None
    assert sum("was passed over" in note for note in job.plan.columns.notes) == 2


def test_explanations_are_made_of_few_rows_at_once(whole_store: Store, store: ModelStore) -> None:
    body = table(40)
    for key, content in ((KEY, as_parquet(body)), (KEY.replace(".parquet", ".csv"), body)):
        whole_store.create(key, content, metadata={"explain": "true"})
        [answer] = handle(whole_store, put_event(whole_store, key))
        assert (answer["state"], answer["rows"]) == ("done", 40)
    first, second = (rows_of(scored) for scored in results(store).values())
    names = [name for name in first[0] if name.startswith("contribution_")]
    assert len(names) > 3
    assert [[row[name] for name in names] for row in first] == [
        [row[name] for name in names] for row in second
    ]


def test_a_file_without_rows_has_a_result_without_rows(whole_store: Store, store: ModelStore) -> None:
    whole_store.put(KEY, written({"pclass": pa.array([], pa.int64()), "sex": pa.array([], pa.string())}))
    [answer] = handle(whole_store, put_event(whole_store, KEY))
    assert (answer["state"], answer["rows"]) == ("done", 0)
    assert (result(store) or b"").startswith(b"pclass,sex,")


def test_without_pyarrow_the_job_says_how_to_get_it(
    whole_store: Store, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole_store.put(KEY, as_parquet(table(10)))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    [answer] = handle(whole_store, put_event(whole_store, KEY))
    assert answer["state"] == "failed"
    assert "make scale" in answer["reason"]


def test_each_byte_is_read_once_to_be_scored_though_columns_are_read_by_turns(whole_store: Store) -> None:
    body = as_parquet(table(20_000), group=10_000, compression="none")
    whole_store.put(KEY, body)
    read: list[int] = []
    limits = replace(LIMITS, block_bytes=2**16, cut_rows=1_000)
    with calls(whole_store, "get_range", lambda _key, start, end, **_: read.append(end - start)):
        assert handle(whole_store, put_event(whole_store, KEY), limits=limits)[0]["state"] == "done"
    # The first rows and the end of the file are read to plan by as well.
    assert sum(read) < 2.5 * len(body)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells a process its peak")
def test_a_row_group_of_any_size_is_scored_in_little_memory(root: Path, whole_store: Store) -> None:
    rows = int(os.environ.get("BOUNDS_ROWS", "400_000"))
    lines = {
        "pclass": [1 + row % 3 for row in range(rows)],
        "sex": ["male"] * rows,
        "fare": [row * 0.0001 for row in range(rows)],
        "note": [f"the note of row number {row} and more" for row in range(rows)],
    }
    stream = io.BytesIO()
    parquet.write_table(pa.table(lines), stream, row_group_size=rows)
    whole_store.put(KEY, stream.getvalue())
    peak = measure_job(root, put_event(whole_store, KEY))
    print(f"{rows:,} rows in {peak} MB")
    assert peak < 400


def test_a_process_that_is_killed_midway_is_gone_on_with(
    root: Path, whole_store: Store, store: ModelStore
) -> None:
    body = as_parquet(table(3_000), group=1_000)
    whole_store.put(KEY, body)
    event = put_event(whole_store, KEY)
    order = json.dumps({"root": str(root), "event": event, "parts": 3})
    ended = subprocess.run(
        [sys.executable, "-m", "tests.scoring.dying"],
        input=order,
        text=True,
        check=False,
        capture_output=True,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    progress = the_job(store).progress
    assert progress is not None
    assert len(progress.parts) == 2
    numbers: list[int] = []
    with calls(whole_store, "upload_part", lambda _key, _upload, number, _body: numbers.append(number)):
        assert handle_all(whole_store, event)["rows"] == 3_000
    assert numbers[0] == 3, "what counts is not scored again"
    assert answers(result(store) or b"") == answers(expected(store, table(3_000)))
