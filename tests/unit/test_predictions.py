"""Records of predictions in the store: read by the hour, found by id, damaged ones passed over."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from functions.core import predictions
from functions.core.errors import NotFound
from functions.core.folder_store import FolderStore
from functions.core.ids import new_ids, time_of
from functions.core.predictions import Reading, find, folder, parse_line, read_hour
from functions.core.store import Blob, Store
from tests.production import SOMEBODY, logged_line, refusal_line

MINUTE = timedelta(minutes=1)


class Counting(FolderStore):
    """A store that counts the objects read."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.root = Path(root)
        self.read: list[str] = []

    def get(self, key: str) -> Blob:
        self.read.append(key)
        return super().get(key)

    def ship(self, key: str, *lines: bytes, at: datetime | None = None) -> None:
        """Write an object, as if `at` that time."""
        self.put(key, b"".join(lines))
        if at:
            os.utime(self.root / key, (at.timestamp(), at.timestamp()))


@pytest.fixture
def shipped(tmp_path: Path) -> Counting:
    return Counting(str(tmp_path))


DAMAGED = {
    "cut off": logged_line(new_ids(1)[0])[:200],
    "no JSON": b"two records on a line",
    "no object": b"[1]",
    "a probability that is none": logged_line(new_ids(1)[0], probability=1.5),
    "NaN": logged_line(new_ids(1)[0], probability=float("nan")),
    "a feature too few": logged_line(new_ids(1)[0], features={"pclass": 1.0}),
    "text for a number": logged_line(new_ids(1)[0], features=SOMEBODY | {"age": "old"}),
    "a category that is none": logged_line(new_ids(1)[0], features=SOMEBODY | {"sex": "unknown"}),
    "a refusal of nobody": refusal_line(new_ids(1)[0], 0),
    "a refusal cut off": refusal_line(new_ids(1)[0], 1, age=1)[:-20],
}


@pytest.mark.parametrize("damaged", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_line_is_refused_by_itself_and_passed_over_in_an_hour(
    shipped: Counting, damaged: bytes
) -> None:
    with pytest.raises(ValueError, match="validation error"):
        parse_line(damaged)
    ids, now = new_ids(2), datetime.now(UTC)
    shipped.ship(
        folder(now) + "a.jsonl", logged_line(ids[0]), damaged.strip() + b"\n", b"\n", logged_line(ids[1])
    )
    reading = read_hour(shipped, now)
    assert [record.prediction_id for record in reading] == ids
    assert reading.damaged == 1


def test_refusals_among_predictions_are_counted_once_and_not_as_damaged() -> None:
    [prediction, first, second] = new_ids(3)
    lines = [refusal_line(first, 3, age=2, other=1), logged_line(prediction), refusal_line(second, 1, age=1)]
    # Shipped twice, into one object or into two.
    reading = Reading([b"".join([*lines, lines[0]]), lines[2]])
    assert [record.prediction_id for record in reading] == [prediction]
    assert (reading.refused, reading.faults, reading.damaged) == (4, {"age": 3, "other": 1}, 0)


def test_a_refusal_is_not_found_as_a_prediction(shipped: Counting) -> None:
    [id_] = new_ids(1)
    shipped.ship(folder(time_of(id_)) + "a.jsonl", refusal_line(id_, 1))
    with pytest.raises(NotFound):
        find(shipped, id_)


def test_a_record_of_a_later_release_may_say_more() -> None:
    [id_] = new_ids(1)
    record = parse_line(logged_line(id_, cabin="C85", features=SOMEBODY | {"deck": "C"}))
    assert record.prediction_id == id_


def test_an_hour_has_the_records_of_all_its_objects_each_of_them_once(store: Store) -> None:
    now, ids = datetime(2026, 11, 21, 16, 46, tzinfo=UTC), new_ids(3)
    store.put("predictions/dt=2026-11-21/hour=16/a.jsonl", logged_line(ids[0]) + logged_line(ids[1]))
    store.put("predictions/dt=2026-11-21/hour=16/b.jsonl", logged_line(ids[1]) + logged_line(ids[2]).strip())
    store.put("predictions/dt=2026-11-21/hour=17/c.jsonl", logged_line(new_ids(1)[0]))
    assert [record.prediction_id for record in read_hour(store, now)] == ids
    assert list(read_hour(store, now + timedelta(days=1))) == []
    # The folders are those of UTC, wherever whoever asks may be.
    assert folder(now.astimezone()) == "predictions/dt=2026-11-21/hour=16/"


@pytest.mark.parametrize("arrived", [-14 * MINUTE, 0 * MINUTE, 59 * MINUTE])
def test_a_record_is_found_in_the_folder_of_the_hour_before_its_own_or_after(
    shipped: Counting, arrived: timedelta
) -> None:
    others, [id_] = new_ids(50), new_ids(1)
    key = folder(time_of(id_) + arrived) + "a.jsonl"
    shipped.ship(key, *map(logged_line, others), logged_line(id_), *map(logged_line, new_ids(50)))
    assert find(shipped, id_).prediction_id == id_
    assert find(shipped, id_.upper()).prediction_id == id_
    assert find(shipped, others[0]).prediction_id == others[0]


def test_what_was_written_before_a_prediction_is_not_read(shipped: Counting) -> None:
    [id_] = new_ids(1)
    made = time_of(id_)
    for number in range(10):
        at = made + (number - 5) * 2 * MINUTE
        shipped.ship(
            f"{folder(made)}{number}.jsonl", logged_line(id_ if number == 6 else new_ids(1)[0]), at=at
        )
    assert find(shipped, id_).prediction_id == id_
    # Sixth by its time, the first after the prediction, then the one with the record.
    assert [key[-7:] for key in shipped.read] == ["5.jsonl", "6.jsonl"]


def test_an_id_in_another_field_or_on_a_damaged_line_is_not_taken_for_the_record(shipped: Counting) -> None:
    [id_] = new_ids(1)
    here = folder(time_of(id_))
    shipped.ship(here + "a.jsonl", logged_line(new_ids(1)[0], request_id=id_), logged_line(id_)[:-30] + b"\n")
    with pytest.raises(NotFound, match="some minutes after"):
        find(shipped, id_)
    shipped.ship(here + "b.jsonl", logged_line(new_ids(1)[0], request_id=id_), logged_line(id_))
    assert find(shipped, id_).prediction_id == id_


def test_a_search_ends(shipped: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    [id_] = new_ids(1)
    here = folder(time_of(id_))
    for number in range(5):
        shipped.ship(f"{here}{number}.jsonl", logged_line(new_ids(1)[0]))
    monkeypatch.setattr(predictions, "_MOST_OBJECTS", 3)
    with pytest.raises(NotFound):
        find(shipped, id_)
    assert len(shipped.read) == 3
    monkeypatch.setattr(predictions, "_MOST_BYTES", 500)
    with pytest.raises(NotFound):
        find(shipped, id_)
    assert len(shipped.read) == 4


@pytest.mark.parametrize(
    "id_", ["01f00000-0000-7000-8000-000000000000", "e677d000-0000-7000-8000-000000000000"]
)
def test_nothing_is_looked_for_in_the_future(shipped: Counting, id_: str) -> None:
    assert time_of(id_) > datetime.now(UTC)
    with pytest.raises(NotFound):
        find(shipped, id_)
    assert shipped.read == []


@pytest.mark.parametrize(
    "id_", ["", "x", "2c5ea4c0-4067-11e9-8bad-9b1deb4d3b7d", "ffffffff-ffff-7fff-bfff-ffffffffffff"]
)
def test_what_is_no_prediction_id_is_an_error(store: Store, id_: str) -> None:
    with pytest.raises(ValueError, match=r"UUID|year"):
        find(store, id_)
