"""What was asked hour by hour: counted once, of any version, kept for two weeks and told over HTTP."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from functions.core.base.ids import new_ids
from functions.core.predictions.records import folder
from functions.core.storage.view import ModelStore
from functions.monitor.state import STATE, read_state
from functions.monitor.traffic import KEPT_DAYS, Hour, Traffic, traffic_since
from tests.monitor.monitoring import HOUR, NOW, monitor, serve, watched
from tests.support.production import champion_of, ids_of, logged_line, predict, refusal_line
from tests.support.titanic import people

THIS_HOUR = NOW.replace(minute=0)


@pytest.fixture
def store(published: Path, tmp_path: Path) -> ModelStore:
    return watched(published, tmp_path)


def traffic(store: ModelStore) -> Traffic:
    held = read_state(store)
    assert held is not None
    return traffic_since(NOW - timedelta(days=7), held[0].report.at, held[0].traffic, held[0].callers)


def log_lines(store: ModelStore, *lines: bytes) -> None:
    store.put(f"{folder(NOW)}{new_ids(1)[0]}.jsonl", b"".join(lines))


def test_predictions_are_counted_by_their_own_hour_and_version(store: ModelStore) -> None:
    champion = champion_of(store).version
    serve(store, 20, NOW - HOUR)
    serve(store, 5)
    predict(store, [row for row, _ in people(3)], NOW, version="0" * 16)
    monitor(store)
    # What comes later adds up, and nothing is counted again.
    serve(store, 2)
    monitor(store)
    told = traffic(store)
    assert told.until == NOW
    assert [(one.hour, one.predictions, one.versions) for one in told.hours] == [
        (THIS_HOUR - HOUR, 20, {champion: 20}),
        (THIS_HOUR, 10, {champion: 7, "0" * 16: 3}),
    ]


def test_refused_rows_are_counted_by_the_hour_of_their_refusal(store: ModelStore) -> None:
    earlier, now = ids_of(1, NOW - HOUR)[0], ids_of(1, NOW)[0]
    log_lines(store, refusal_line(earlier, 2, age=2), refusal_line(now, 1), refusal_line(now, 1))
    log_lines(store, refusal_line(ids_of(1, NOW)[0], 9, model="churn"))
    monitor(store)
    assert [(one.hour, one.refused, one.predictions) for one in traffic(store).hours] == [
        (THIS_HOUR - HOUR, 2, 0),
        (THIS_HOUR, 1, 0),
    ]


def test_the_time_of_a_request_counts_once_whatever_its_rows(store: ModelStore) -> None:
    """Twenty requests of one row, and one of a hundred rows that took long."""
    champion = champion_of(store).version
    quick = [
        logged_line(id_, version=champion, request_id=f"quick {number}", took_ms=1.9)
        for number, id_ in enumerate(ids_of(20, NOW))
    ]
    slow = [logged_line(id_, version=champion, request_id="slow", took_ms=900.0) for id_ in ids_of(100, NOW)]
    log_lines(store, *quick, *slow)
    monitor(store)
    [hour] = traffic(store).hours
    assert (hour.predictions, hour.median_ms, hour.p95_ms) == (120, 2, 2)
    log_lines(store, logged_line(ids_of(1, NOW)[0], version=champion, request_id="another", took_ms=1e300))
    monitor(store)
    [hour] = traffic(store).hours
    # Two of twenty-two are slow now; the end of a bin is a fifth above its beginning at most.
    assert hour.median_ms == 2
    assert hour.p95_ms is not None
    assert 900 <= hour.p95_ms <= 1.2 * 900


def test_a_line_that_does_not_say_how_long_it_took_is_counted_all_the_same(store: ModelStore) -> None:
    serve(store, 3)
    monitor(store)
    [hour] = traffic(store).hours
    assert (hour.predictions, hour.median_ms, hour.p95_ms) == (3, None, None)


def test_what_is_older_than_two_weeks_is_forgotten(store: ModelStore) -> None:
    serve(store, 3)
    monitor(store)
    later = NOW + timedelta(days=KEPT_DAYS)
    serve(store, 2, later)
    monitor(store, later)
    held = read_state(store)
    assert held is not None
    assert [*held[0].traffic] == [later.replace(minute=0)]


def test_another_champion_does_not_begin_anew(store: ModelStore) -> None:
    serve(store, 3)
    monitor(store)
    state = json.loads(store.get(STATE).body)
    state["window"]["champion"] = "1" * 16
    store.put(STATE, json.dumps(state).encode())
    serve(store, 4)
    assert monitor(store).counted.rows == 4
    assert [one.predictions for one in traffic(store).hours] == [7]


def test_a_state_of_a_release_that_did_not_count_is_gone_on_from(store: ModelStore) -> None:
    serve(store, 3)
    monitor(store)
    state = json.loads(store.get(STATE).body)
    del state["traffic"]
    store.put(STATE, json.dumps(state).encode())
    serve(store, 2)
    monitor(store)
    assert [one.predictions for one in traffic(store).hours] == [2]


def test_two_weeks_of_it_are_small() -> None:
    took = dict.fromkeys(range(20), 1_000)
    hour = Hour(versions={"0" * 16: 10_000, "1" * 16: 10_000}, refused=100, took=took)
    assert KEPT_DAYS * 24 * len(hour.model_dump_json()) < 100_000
