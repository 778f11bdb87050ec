"""The share of refused rows: counted once, judged of all who were asked about, told and sounded."""

import json
from pathlib import Path
from typing import Any

import pytest

from functions.core.base.ids import new_ids
from functions.core.predictions.records import folder
from functions.core.storage.view import ModelStore
from functions.monitor.refused import Asked
from functions.monitor.report import Report
from functions.monitor.state import STATE, read_state
from tests.monitor.monitoring import NOW, Died, monitor, mortal, serve, watched
from tests.support.declared import RESOURCES
from tests.support.production import predict, refusal_line
from tests.support.titanic import people


@pytest.fixture
def store(published: Path, tmp_path: Path) -> ModelStore:
    return watched(published, tmp_path)


def refuse(store: ModelStore, requests: int, *, rows: int = 1, **fields: Any) -> bytes:
    """Have so many requests of `rows` rows refused. The object of the log that tells of them."""
    body = b"".join(refusal_line(id_, rows, **fields) for id_ in new_ids(requests))
    store.put(f"{folder(NOW)}{new_ids(1)[0]}.jsonl", body)
    return body


def counts(report: Report) -> tuple[int, int, float, bool]:
    found = report.refused
    assert found is not None
    return found.rows, found.refused, found.share, found.alarm


def metrics(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Those of the last report."""
    *_, line = capsys.readouterr().out.splitlines()
    found = json.loads(line)
    return {one["Name"]: found[one["Name"]] for one in found["_aws"]["CloudWatchMetrics"][0]["Metrics"]}


def test_the_share_is_of_all_who_were_asked_about(store: ModelStore) -> None:
    serve(store, 200)
    predict(store, [row for row, _ in people(200)], NOW, version="0" * 16)
    refuse(store, 20, rows=3, age=1, other=2)
    refuse(store, 40, age=1)
    report = monitor(store)
    # A fifth raises no alarm, more than a fifth does.
    assert counts(report) == (500, 100, 0.2, False)
    assert report.refused is not None
    assert report.refused.fields == {"age": 60, "other": 40}
    assert report.refused.limit == 0.2
    assert (report.counted.rows, report.counted.of_other_versions, report.damaged_lines) == (200, 200, 0)
    serve(store, 239)
    refuse(store, 61)
    assert counts(monitor(store)) == (300, 61, 61 / 300, True)


def test_it_is_judged_of_passengers_enough_and_each_counts_for_one_judgement(store: ModelStore) -> None:
    refuse(store, 299)
    first = monitor(store)
    assert first.refused is None
    refuse(store, 1)
    second = monitor(store)
    assert counts(second) == (300, 300, 1, True)
    # Until there are enough again, what was said last stands.
    serve(store, 10)
    assert monitor(store).refused == second.refused
    serve(store, 290)
    assert counts(monitor(store)) == (300, 0, 0, False)


def test_a_client_that_sends_only_what_is_refused_is_noticed_though_it_fills_no_window(
    store: ModelStore, capsys: pytest.CaptureFixture[str]
) -> None:
    serve(store, 10)
    refuse(store, 300, sex=1)
    report = monitor(store)
    assert (report.counted.complete, report.drift) == (False, None)
    found = metrics(capsys)
    assert found["RefusedShare"] == pytest.approx(300 / 310)
    alarm = RESOURCES["DataAlarm"]["Properties"]
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert found[alarm["MetricName"]] > alarm["Threshold"]


def test_the_share_is_sent_when_it_is_judged_and_its_alarm_stands_until_the_next_time(
    store: ModelStore, capsys: pytest.CaptureFixture[str]
) -> None:
    serve(store, 300)
    refuse(store, 300)
    monitor(store)
    found = metrics(capsys)
    assert (found["RefusedShare"], found["DataAlarms"]) == (0.5, 1)
    serve(store, 1)
    monitor(store, NOW.replace(minute=40))
    found = metrics(capsys)
    assert "RefusedShare" not in found
    assert found["DataAlarms"] == 1
    serve(store, 299)
    monitor(store, NOW.replace(minute=50))
    found = metrics(capsys)
    assert (found["RefusedShare"], found["DataAlarms"]) == (0, 0)


def test_alarms_of_the_data_and_of_refusals_add_up(
    store: ModelStore, capsys: pytest.CaptureFixture[str]
) -> None:
    old = [row | {"age": None} for row, _ in people(400)]
    predict(store, old, NOW)
    refuse(store, 400)
    report = monitor(store)
    assert report.drift is not None
    assert report.drift.data.alarms
    assert metrics(capsys)["DataAlarms"] == len(report.drift.data.alarms) + 1


def test_the_limit_is_a_setting(store: ModelStore) -> None:
    refuse(store, 30)
    serve(store, 270)
    assert counts(monitor(store, settings={"max_refused": 0.05})) == (300, 30, 0.1, True)


def test_a_line_that_was_shipped_twice_and_a_run_that_is_repeated_count_once(store: ModelStore) -> None:
    body = refuse(store, 150)
    store.put(f"{folder(NOW)}again.jsonl", body)
    serve(store, 150)
    first = monitor(store)
    assert counts(first) == (300, 150, 0.5, True)
    assert monitor(store) == first
    assert [entry.key for entry in store.list("monitoring/reports/")] == ["monitoring/reports/00000001.json"]


@pytest.mark.parametrize("where", [STATE, "monitoring/reports/"])
def test_a_run_that_died_has_counted_once_or_not_at_all(
    store: ModelStore, tmp_path: Path, where: str
) -> None:
    refuse(store, 200)
    dying = mortal(tmp_path / "store", lambda _, key: key.startswith(store.full(where)))
    with pytest.raises(Died):
        monitor(dying)
    monitor(store)
    state, _ = read_state(store) or pytest.fail("there is a state")
    assert state.asked == Asked(refused=200)
    serve(store, 200)
    assert counts(monitor(store)) == (400, 200, 0.5, True)
