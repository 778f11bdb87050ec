"""The log is read once while it is kept, and never more of it than a request may read."""

from datetime import timedelta

import pytest

from functions.core.errors import InvalidInput
from functions.feedback.log_reader import LogReader
from tests.feedback import NOW, Bench, Call, id_at, line, queue, say

PERIOD = (NOW - timedelta(hours=3), NOW + timedelta(minutes=1))


@pytest.fixture
def log(bench: Bench) -> LogReader:
    return LogReader(bench, most_objects=10, most_bytes=10**6)


def test_objects_of_the_log_that_were_read_are_not_read_again(log: LogReader, bench: Bench) -> None:
    ids = bench.predict(0.4, 0.6)
    for _ in range(2):
        [records] = log.read(log.between(*PERIOD))
        assert list(records) == ids
        assert log.known(ids) == set(ids)
        assert log.known([*ids, id_at(NOW)]) == set(ids)
    assert len(bench.read) == 1


def test_what_is_known_already_is_not_looked_for(log: LogReader, bench: Bench) -> None:
    ids = bench.predict(0.4, 0.6)
    assert log.known(ids[:1]) == set(ids[:1])
    for entry in list(bench.list("predictions/")):
        bench.delete(entry.key)
    assert log.known(ids) == set(ids)


def test_an_object_that_has_changed_is_another(log: LogReader, bench: Bench) -> None:
    first, second = id_at(NOW), id_at(NOW)
    for id_ in (first, second):
        bench.ship(line(id_))
        [records] = log.read(log.between(*PERIOD))
        assert list(records) == [id_]


@pytest.mark.parametrize("limits", [{"most_objects": 2}, {"most_bytes": 1000}], ids=["objects", "bytes"])
def test_what_was_read_longest_ago_is_kept_no_longer(bench: Bench, limits: dict[str, int]) -> None:
    log = LogReader(bench, **{"most_objects": 10, "most_bytes": 10**6} | limits)
    ids = [id_ for _ in range(3) for id_ in bench.predict(0.5)]
    entries = sorted(bench.list("predictions/"), key=lambda entry: entry.key)

    def read(*numbers: int) -> list[str]:
        bench.read.clear()
        found = log.read([entries[number] for number in numbers])
        assert sorted(id_ for records in found for id_ in records) == sorted(
            ids[number] for number in numbers
        )
        return bench.read

    ids.sort()
    assert len(read(0, 1)) == 2
    assert read(0) == []
    assert read(2) == [entries[2].key]
    assert read(0, 2) == []
    assert read(1) == [entries[1].key]
    # While the first of them comes in, another one has to go, and is there all the same.
    assert sorted(read(0, 1, 2)) == [entries[0].key]


def test_ids_of_the_future_are_unknown_without_looking(log: LogReader, bench: Bench) -> None:
    # The last moment that Python can tell: an hour later there is none.
    last = "e677d21f-dbff-7000-8000-000000000000"
    assert log.known([id_at(NOW + timedelta(days=1)), last]) == set()
    assert bench.read == []


def test_of_one_prediction_the_likeliest_objects_decide_of_several_all_must(bench: Bench) -> None:
    log = LogReader(bench, most_objects=1, most_bytes=10**6)
    bench.predict(0.1)
    [id_] = bench.predict(0.2)
    absent = id_at(NOW)
    assert log.known([absent]) == set()
    with pytest.raises(InvalidInput, match="no more than 1 objects and 0 MiB: send fewer outcomes at once"):
        log.known([absent, id_])


LIMITS = {"LIFEBOAT_MOST_LOG_BYTES": "500", "LIFEBOAT_MOST_LOG_OBJECTS": "1"}


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/feedback/progress"), ("GET", "/feedback/export"), ("POST", "/feedback/rounds")],
)
def test_more_of_the_log_than_one_request_may_read_is_refused(
    call: Call, bench: Bench, monkeypatch: pytest.MonkeyPatch, limit: str, method: str, path: str
) -> None:
    monkeypatch.setenv(limit, LIMITS[limit])
    bench.predict(0.1)
    bench.predict(0.2)
    status, refusal = call(method, path, {"size": 1} if method == "POST" else None)
    assert status == 422
    assert "ask for a shorter time" in refusal["error"]
    assert list(bench.list("feedback/")) == []


@pytest.mark.parametrize("limit", LIMITS)
def test_the_queue_is_about_the_newest_unless_it_was_said_from_when_on(
    call: Call, bench: Bench, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setenv(limit, LIMITS[limit])
    bench.predict(0.5, at=NOW - timedelta(hours=2))
    new = bench.predict(0.1)
    assert queue(call) == new
    status, refusal = call("GET", f"/feedback/queue?from={NOW - timedelta(hours=3):%Y-%m-%dT%H:%M:%SZ}")
    assert status == 422
    assert "ask for a shorter time" in refusal["error"]


def test_more_outcomes_than_can_be_looked_up_at_once_are_refused(
    call: Call, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIFEBOAT_MOST_LOG_OBJECTS", "1")
    [first], [second] = bench.predict(0.1), bench.predict(0.2)
    status, refusal = call("POST", "/feedback", [say(first), say(second)])
    assert status == 422
    assert "send fewer outcomes at once" in refusal["error"]
    assert list(bench.list("feedback/")) == []
