"""Records of predictions in the store: read from the hours they may lie in, damaged ones passed over."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.core.base.ids import new_ids
from functions.core.predictions.records import (
    READ_AT_ONCE,
    Reading,
    bodies,
    folder,
    folders,
    objects,
    parse_line,
)
from functions.core.storage.contract import Blob, Store
from functions.core.storage.view import ModelStore
from tests.support.production import SOMEBODY, logged_line, refusal_line
from tests.support.titanic import MODEL, SCHEMA

DAMAGED = {
    "cut off": logged_line(new_ids(1)[0])[:200],
    "no JSON": b"two records on a line",
    "no object": b"[1]",
    "a probability that is none": logged_line(new_ids(1)[0], probability=1.5),
    "NaN": logged_line(new_ids(1)[0], probability=float("nan")),
    "a value that is none": logged_line(new_ids(1)[0], features=SOMEBODY | {"age": [1]}),
    "a refusal of nobody": refusal_line(new_ids(1)[0], 0),
    "a refusal cut off": refusal_line(new_ids(1)[0], 1, age=1)[:-20],
}


@pytest.mark.parametrize("damaged", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_line_is_refused_by_itself_and_passed_over_among_others(damaged: bytes) -> None:
    with pytest.raises(ValueError, match="validation error"):
        parse_line(damaged)
    ids = new_ids(2)
    reading = Reading([logged_line(ids[0]) + damaged.strip() + b"\n\n" + logged_line(ids[1])], MODEL)
    assert [record.prediction_id for record in reading] == ids
    assert reading.damaged == 1


def test_refusals_among_predictions_are_counted_once_and_not_as_damaged() -> None:
    [prediction, first, second] = new_ids(3)
    lines = [refusal_line(first, 3, age=2, other=1), logged_line(prediction), refusal_line(second, 1, age=1)]
    # Shipped twice, into one object or into two.
    reading = Reading([b"".join([*lines, lines[0]]), lines[2]], MODEL)
    assert [record.prediction_id for record in reading] == [prediction]
    assert (reading.refused, reading.faults, reading.damaged) == (4, {"age": 3, "other": 1}, 0)


def test_a_refusal_counts_whoever_was_refused_and_whenever() -> None:
    [id_] = new_ids(1)
    line = f'{{"refusal_id": "{id_}", "model": "titanic", "rows": 2, "fields": {{"sex": 2}}}}\n'
    reading = Reading([line.encode()], MODEL)
    assert list(reading) == []
    assert (reading.refused, reading.faults, reading.damaged) == (2, {"sex": 2}, 0)


def test_a_record_of_a_later_release_may_say_more() -> None:
    [id_] = new_ids(1)
    record = parse_line(logged_line(id_, cabin="C85", features=SOMEBODY | {"deck": "C"}))
    assert record.prediction_id == id_


def test_one_log_serves_all_models_and_each_reads_its_own_lines() -> None:
    ours, theirs, refusal = new_ids(3)
    lines = [logged_line(ours), logged_line(theirs, model="churn"), refusal_line(refusal, 2, model="churn")]
    for model, expected, refused in ((MODEL, [ours], 0), ("churn", [theirs], 2), ("fraud", [], 0)):
        reading = Reading([b"".join(lines)], model)
        assert [record.prediction_id for record in reading] == expected
        assert (reading.refused, reading.damaged) == (refused, 0)


@pytest.mark.parametrize(
    ("features", "fits"),
    [
        (SOMEBODY, True),
        (dict.fromkeys(SOMEBODY), True),
        (SOMEBODY | {"deck": "C"}, True),
        ({"pclass": 1.0}, False),
        (SOMEBODY | {"age": "old"}, False),
        (SOMEBODY | {"sex": 1.0}, False),
        (SOMEBODY | {"sex": "unknown"}, False),
    ],
)
def test_a_record_fits_a_schema_whose_graph_could_be_given_its_features(
    features: dict[str, Any], fits: bool
) -> None:
    assert parse_line(logged_line(new_ids(1)[0], features=features)).fits(SCHEMA) is fits


def test_an_hour_has_the_records_of_all_its_objects_each_of_them_once(store: Store) -> None:
    now, ids = datetime(2026, 11, 21, 16, 46, tzinfo=UTC), new_ids(4)
    store.put("predictions/dt=2026-11-21/hour=15/0.jsonl", logged_line(new_ids(1)[0]))
    store.put("predictions/dt=2026-11-21/hour=16/a.jsonl", logged_line(ids[0]) + logged_line(ids[1]))
    store.put("predictions/dt=2026-11-21/hour=16/b.jsonl", logged_line(ids[1]) + logged_line(ids[2]).strip())
    store.put("predictions/dt=2026-11-21/hour=17/c.jsonl", logged_line(ids[3]))
    entries = list(objects(store, now, now))
    assert [record.prediction_id for record in Reading(bodies(store, entries), MODEL)] == ids
    assert list(objects(store, now + timedelta(days=1), now + timedelta(days=1))) == []


def test_folders_are_of_utc_and_of_all_hours_in_which_a_record_may_arrive() -> None:
    now = datetime(2026, 11, 21, 16, 10, tzinfo=UTC)
    hour = "predictions/dt=2026-11-21/hour="
    # Wherever whoever asks may be.
    assert folder(now.astimezone()) == f"{hour}16/"
    assert folders(now) == {f"{hour}15/", f"{hour}16/", f"{hour}17/"}
    assert folders(now + timedelta(minutes=10)) == {f"{hour}16/", f"{hour}17/"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"prediction_id": "no id"},
        {"prediction_id": "00000000-0000-4000-8000-000000000000"},
        {"timestamp": "2026-11-01T00:00:00"},
        {"timestamp": "0001-01-01T00:00:00+14:00"},
        {"timestamp": 7},
        {"model": "../x"},
        {"version": "x"},
        {"probability": "0.5"},
        {"probability": True},
        {"probability": 1.1},
        {"features": {"age": 1e39}},
        {"features": {"age": True}},
        {"features": {"age": 10**400}},
        {"features": {"age": [1]}},
    ],
    ids=str,
)
def test_a_line_that_is_json_and_wrong_is_damaged(wrong: dict[str, Any]) -> None:
    """One such line took the labelling routes down for three days."""
    reading = Reading([logged_line(*new_ids(1), **wrong)], MODEL)
    assert (list(reading), reading.damaged) == ([], 1)


def test_objects_are_read_no_further_ahead_than_so_many(store: ModelStore) -> None:
    read: list[str] = []

    class Watched(ModelStore):
        def get(self, key: str) -> Blob:
            read.append(key)
            return super().get(key)

    for number in range(40):
        store.put(f"predictions/{number:02}.jsonl", f"{number}".encode())
    watched = Watched(store._store, MODEL)
    found = bodies(watched, list(store.list("predictions/")))
    assert next(found) == b"0"
    found.close()
    assert len(read) <= READ_AT_ONCE + 1
    assert [*bodies(watched, list(store.list("predictions/")))] == [b"%d" % number for number in range(40)]
