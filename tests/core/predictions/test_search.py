"""Records of predictions are found by id: the likeliest objects first, several at once, with an end."""

import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest

from functions.core.base.errors import NotFound, UnusableRecord
from functions.core.base.ids import new_ids, time_of
from functions.core.predictions import search as searching
from functions.core.predictions.records import READ_AT_ONCE, folder
from functions.core.predictions.search import Findings, find, search
from functions.core.storage.contract import Blob, Entry
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from tests.support.production import ids_of, logged_line, refusal_line
from tests.support.titanic import MODEL

MINUTE = timedelta(minutes=1)
NOON = datetime(2026, 1, 21, 12, tzinfo=UTC)
PLENTY = 2**20


class Counting(ModelStore):
    """A model's part of a store that counts the objects read and the folders listed."""

    def __init__(self, root: str) -> None:
        super().__init__(FolderStore(root), MODEL)
        self.root = Path(root)
        self.read: list[str] = []
        self.listed: Counter[str] = Counter()

    def get(self, key: str) -> Blob:
        self.read.append(key.rpartition("/")[2].removesuffix(".jsonl"))
        return super().get(key)

    def list(self, prefix: str) -> Iterator[Entry]:
        self.listed[prefix] += 1
        return super().list(prefix)

    def ship(self, key: str, *lines: bytes, at: datetime | None = None) -> None:
        """Write an object, as if `at` that time."""
        self.put(key, b"".join(lines))
        if at:
            os.utime(self.root / key, (at.timestamp(), at.timestamp()))


@pytest.fixture
def shipped(tmp_path: Path) -> Counting:
    return Counting(str(tmp_path))


def ship_every_five_minutes(store: Counting, count: int) -> list[str]:
    """Objects with one record each, made two minutes before it was written, from noon on. The ids."""
    ids = []
    for number in range(count):
        at = NOON + number * 5 * MINUTE
        [id_] = ids_of(1, at - 2 * MINUTE)
        store.ship(f"{folder(at)}{number:03}.jsonl", logged_line(id_), at=at)
        ids.append(id_)
    return ids


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


def test_the_object_that_was_written_next_is_read_and_no_other(shipped: Counting) -> None:
    ids = ship_every_five_minutes(shipped, 100)
    assert find(shipped, ids[60]).prediction_id == ids[60]
    assert shipped.read == ["060"]


def test_a_record_that_comes_late_is_looked_for_in_more_and_more_objects_at_once(shipped: Counting) -> None:
    ship_every_five_minutes(shipped, 30)
    [id_] = ids_of(1, NOON + 8 * MINUTE)
    late = NOON + 27 * MINUTE
    shipped.ship(f"{folder(late)}late.jsonl", logged_line(id_), at=late)
    assert find(shipped, id_).prediction_id == id_
    # One, then two, then four: of these the third has it.
    assert shipped.read[0] == "002"
    assert set(shipped.read[1:3]) == {"003", "004"}
    assert set(shipped.read[3:]) == {"005", "late", "006", "007"}


def test_what_was_written_just_before_a_prediction_is_read_last_because_clocks_differ(
    shipped: Counting,
) -> None:
    [id_] = ids_of(1, NOON)
    for name, seconds in (("long before", -61), ("before", -59), ("after", 59)):
        record = logged_line(id_) if name == "before" else b""
        shipped.ship(f"{folder(NOON)}{name}.jsonl", record, at=NOON + timedelta(seconds=seconds))
    assert find(shipped, id_).prediction_id == id_
    assert shipped.read == ["after", "before"]


def test_records_of_a_whole_day_take_an_object_each_and_one_listing(shipped: Counting) -> None:
    ids = ship_every_five_minutes(shipped, 130)
    wanted = {ids[number] for number in (0, 1, 2, 3, 60, 129)}
    findings = search(shipped, wanted, max_objects=PLENTY, max_bytes=PLENTY)
    assert findings.records.keys() == wanted
    assert all(id_ == record.prediction_id for id_, record in findings.records.items())
    assert sorted(shipped.read) == ["000", "001", "002", "003", "060", "129"]
    assert shipped.listed == {"predictions/dt=2026-01-21/": 1}


def test_ids_of_every_hour_of_a_month_take_a_listing_of_each_day(shipped: Counting) -> None:
    start = datetime(2026, 1, 1, 0, 30, tzinfo=UTC)
    hours = [start + timedelta(hours=number) for number in range(31 * 24)]
    # One by one, each takes its day, and what was made at half past eleven may arrive on the next one.
    for at in hours:
        search(shipped, ids_of(1, at), max_objects=PLENTY, max_bytes=PLENTY)
    assert shipped.listed.total() == 31 * 24 + 31
    shipped.listed.clear()
    ids = [id_ for at in hours for id_ in ids_of(1, at)]
    assert search(shipped, ids, max_objects=PLENTY, max_bytes=PLENTY) == Findings({}, set())
    assert (len(shipped.listed), shipped.listed.total()) == (32, 32)


def test_an_object_written_in_the_second_of_a_prediction_is_taken_for_the_next(shipped: Counting) -> None:
    # S3 tells whole seconds.
    [id_] = ids_of(1, NOON + timedelta(milliseconds=700))
    shipped.ship(f"{folder(NOON)}same.jsonl", logged_line(id_), at=NOON)
    shipped.ship(f"{folder(NOON)}after.jsonl", at=NOON + 5 * MINUTE)
    assert find(shipped, id_).prediction_id == id_
    assert shipped.read == ["same"]


def test_no_other_hours_of_the_day_are_looked_through(shipped: Counting) -> None:
    ship_every_five_minutes(shipped, 60)
    [absent] = ids_of(1, NOON + timedelta(minutes=90))
    assert search(shipped, [absent], max_objects=PLENTY, max_bytes=PLENTY) == Findings({}, set())
    # From half past one, when it was made, to the end of the hour after.
    assert sorted(shipped.read) == [f"{number:03}" for number in range(18, 36)]


def test_no_object_is_read_twice(shipped: Counting) -> None:
    ship_every_five_minutes(shipped, 12)
    absent = [id_ for minutes in (0, 7, 30) for id_ in ids_of(1, NOON + minutes * MINUTE)]
    assert search(shipped, absent, max_objects=PLENTY, max_bytes=PLENTY) == Findings({}, set())
    assert len(shipped.read) == 12


class Meeting(Counting):
    """A store that answers when as many as may ask at once do."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.gets, self.lists = Barrier(READ_AT_ONCE, timeout=5), Barrier(READ_AT_ONCE, timeout=5)

    def get(self, key: str) -> Blob:
        self.gets.wait()
        return super().get(key)

    def list(self, prefix: str) -> Iterator[Entry]:
        self.lists.wait()
        return super().list(prefix)


def test_several_days_are_listed_and_several_objects_read_at_once(tmp_path: Path) -> None:
    store, ids = Meeting(str(tmp_path)), []
    for number in range(READ_AT_ONCE):
        at = NOON + timedelta(days=number)
        ids += ids_of(1, at)
        store.ship(f"{folder(at)}{number}.jsonl", logged_line(ids[-1]), at=at)
    assert search(store, ids, max_objects=PLENTY, max_bytes=PLENTY).records.keys() == set(ids)
    assert len(store.listed) == len(store.read) == READ_AT_ONCE


def test_nothing_is_read_once_all_are_found(shipped: Counting) -> None:
    ids = ship_every_five_minutes(shipped, 20)
    # Records are delivered at least once.
    shipped.ship(f"{folder(NOON)}000.jsonl", *map(logged_line, ids), at=NOON)
    findings = search(shipped, ids, max_objects=PLENTY, max_bytes=PLENTY)
    assert ({*findings.records}, findings.undecided) == (set(ids), set())
    assert sorted(shipped.read) == [f"{number:03}" for number in range(8)]


def test_an_id_in_another_field_or_on_a_damaged_line_is_not_taken_for_the_record(shipped: Counting) -> None:
    [id_] = new_ids(1)
    here = folder(time_of(id_))
    shipped.ship(here + "a.jsonl", logged_line(new_ids(1)[0], request_id=id_), logged_line(id_)[:-30] + b"\n")
    shipped.ship(here + "r.jsonl", refusal_line(id_, 1))
    with pytest.raises(UnusableRecord, match=f"the record of prediction {id_} is damaged"):
        find(shipped, id_)
    # Its last line has no end.
    shipped.ship(
        here + "b.jsonl", logged_line(new_ids(1)[0], request_id=id_), logged_line(id_).removesuffix(b"\n")
    )
    assert find(shipped, id_).prediction_id == id_


def test_a_record_of_another_model_is_none_of_this_one(shipped: Counting) -> None:
    [id_] = ids_of(1, NOON)
    shipped.ship(f"{folder(NOON)}a.jsonl", logged_line(id_, model="churn"), at=NOON)
    with pytest.raises(NotFound, match="no record of such a prediction of the model titanic"):
        find(shipped, id_)
    assert find(ModelStore(FolderStore(str(shipped.root)), "churn"), id_).prediction_id == id_


def test_a_search_ends_and_says_what_it_did_not_decide(shipped: Counting) -> None:
    ids = ship_every_five_minutes(shipped, 12)
    [absent] = ids_of(1, NOON + 10 * MINUTE)
    assert search(shipped, [absent], max_objects=PLENTY, max_bytes=PLENTY) == Findings({}, set())
    assert len(shipped.read) == 10
    shipped.read.clear()
    assert search(shipped, [absent], max_objects=3, max_bytes=PLENTY) == Findings({}, {absent})
    assert len(shipped.read) == 3
    # The likeliest objects of all come first: what one has none for does not keep others from being found.
    findings = search(shipped, [absent, ids[5], ids[9]], max_objects=3, max_bytes=PLENTY)
    assert findings.records.keys() == {ids[5], ids[9]}
    assert findings.undecided == {absent}
    shipped.read.clear()
    # Of what is due at once, as much is read as is allowed.
    findings = search(shipped, ids[:6], max_objects=4, max_bytes=PLENTY)
    assert ({*findings.records}, findings.undecided) == (set(ids[:4]), set(ids[4:6]))
    shipped.read.clear()
    size = len(logged_line(absent))
    assert search(shipped, [absent], max_objects=100, max_bytes=3 * size).undecided == {absent}
    assert len(shipped.read) == 3


def test_a_record_is_looked_for_in_so_many_objects(
    shipped: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    ship_every_five_minutes(shipped, 12)
    [absent] = ids_of(1, NOON + 10 * MINUTE)
    with pytest.raises(NotFound, match="there is no record"):
        find(shipped, absent)
    assert len(shipped.read) == 10
    shipped.read.clear()
    # What was not looked for everywhere is not said to be nowhere.
    monkeypatch.setattr(searching, "_MAX_OBJECTS", 1)
    with pytest.raises(
        NotFound, match="not among the likeliest objects of the log, of which up to 1 or 256 MiB"
    ):
        find(shipped, absent)
    assert len(shipped.read) == 1
    monkeypatch.setattr(searching, "_MAX_BYTES", 100)
    with pytest.raises(NotFound, match="not among the likeliest"):
        find(shipped, absent)
    assert len(shipped.read) == 1


@pytest.mark.parametrize(
    "id_", ["01f00000-0000-7000-8000-000000000000", "e677d21f-dbff-7000-8000-000000000000"]
)
def test_nothing_is_looked_for_in_the_future(shipped: Counting, id_: str) -> None:
    assert time_of(id_) > datetime.now(UTC)
    with pytest.raises(NotFound):
        find(shipped, id_)
    assert (shipped.read, shipped.listed) == ([], {})


@pytest.mark.parametrize(
    "id_", ["", "x", "2c5ea4c0-4067-11e9-8bad-9b1deb4d3b7d", "ffffffff-ffff-7fff-bfff-ffffffffffff"]
)
def test_what_is_no_prediction_id_is_an_error(store: ModelStore, id_: str) -> None:
    with pytest.raises(ValueError, match=r"UUID|year"):
        find(store, id_)
