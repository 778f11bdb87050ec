"""The hour of the schedule: every model in service, each in its own time, whatever becomes of the others."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from functions.core.registry.keys import CHAMPION
from functions.core.storage.contract import Store
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from functions.monitor import schedule
from functions.monitor.report import Report
from functions.monitor.run import Run
from functions.monitor.schedule import run_for_all
from functions.monitor.state import STATE, read_state
from tests.monitor.churn import CUSTOMER, FEE, churning, log_churn
from tests.monitor.monitoring import HOUR, NOW, SETTINGS

NAMES = ["alpha", "beta", "gamma"]


@pytest.fixture
def whole(tmp_path: Path) -> Store:
    return FolderStore(str(tmp_path / "store"))


@pytest.fixture
def models(whole: Store) -> list[ModelStore]:
    """Three models in service, with predictions of each in the one log."""
    views = [churning(whole, name) for name in NAMES]
    for number, view in enumerate(views, start=1):
        log_churn(view, 10 * number, NOW)
    return views


def run_hour(whole: Store, hours: int = 0, *, seconds: float = 270) -> dict[str, Any]:
    return run_for_all(whole, SETTINGS, now=NOW + hours * HOUR, seconds=seconds)


def counted(store: ModelStore) -> int:
    """The rows of the last report; 0 without one."""
    held = read_state(store)
    return held[0].report.counted.rows if held else 0


def test_every_model_in_service_is_watched(whole: Store, models: list[ModelStore]) -> None:
    ModelStore(whole, "schema-only").put("schema.json", b"{}")
    answer = run_hour(whole)
    assert {name: one["report"] for name, one in answer["models"].items()} == dict.fromkeys(NAMES, 1)
    assert {one["training"]["outcome"] for one in answer["models"].values()} == {"not due"}
    assert [counted(view) for view in models] == [10, 20, 30]
    # Nothing is new.
    assert run_hour(whole) == answer


@pytest.mark.parametrize(
    ("key", "body", "error"),
    [(STATE, b"junk", "UnusableRecord"), (CHAMPION, b"junk", "UnusableModel")],
)
def test_one_that_fails_holds_up_no_other_and_is_heard_of(
    whole: Store,
    models: list[ModelStore],
    capsys: pytest.CaptureFixture[str],
    key: str,
    body: bytes,
    error: str,
) -> None:
    models[1].put(key, body)
    # Whichever comes first.
    for hour in range(3):
        log_churn(models[0], 1, NOW)
        log_churn(models[2], 1, NOW)
        with pytest.raises(ExceptionGroup, match="of 3 models, 1 could not be watched") as raised:
            run_hour(whole, hour)
        [failure] = raised.value.exceptions
        assert type(failure).__name__ == error
        assert failure.__notes__ == ["model beta"]
    assert [counted(view) for view in (models[0], models[2])] == [13, 33]
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    told = [line for line in lines if line["message"] == "a model could not be watched"]
    assert [(line["model"], line["level"]) for line in told] == [("beta", "ERROR")] * 3


def test_a_mistake_of_ours_in_one_holds_up_no_other(
    whole: Store, models: list[ModelStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    take_next_part = Run.take_next_part

    def broken(run: Run) -> tuple[Report, bool]:
        if run._store.model == "alpha":
            raise KeyError("x")
        return take_next_part(run)

    monkeypatch.setattr(Run, "take_next_part", broken)
    with pytest.raises(ExceptionGroup):
        run_hour(whole)
    assert [counted(view) for view in models] == [0, 20, 30]


def test_a_log_that_is_long_is_read_in_part_and_all_models_are_as_far_in_it(
    whole: Store,
    models: list[ModelStore],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("functions.monitor.unread.MAX_BYTES", 1)
    # Its clock: a minute passes whenever it is looked at.
    clock = iter(range(0, 10**6, 60))
    monkeypatch.setattr(schedule, "monotonic", lambda: float(next(clock)))
    for hours in range(1, 4):
        log_churn(models[0], 1, NOW - hours * HOUR)
    for parts in range(1, 7):
        # Enough for one part, which takes four minutes, and not for another.
        answer = run_hour(whole, seconds=400)
        assert all(one["report"] == parts for one in answer["models"].values())
        states = [read_state(view) for view in models]
        assert all(held and len(held[0].position.read) == parts for held in states)
    assert [counted(view) for view in models] == [13, 20, 30]
    assert capsys.readouterr().out.count("the log is too long for the time there is") == 5


def test_where_there_is_time_a_long_log_is_read_to_its_end(
    whole: Store, models: list[ModelStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.monitor.unread.MAX_BYTES", 1)
    for hours in range(1, 4):
        log_churn(models[0], 1, NOW - hours * HOUR)
    answer = run_hour(whole)
    assert {one["report"] for one in answer["models"].values()} == {6}
    assert [counted(view) for view in models] == [13, 20, 30]


def test_where_there_is_no_time_left_the_hour_after_begins_with_another_one(
    whole: Store, models: list[ModelStore], capsys: pytest.CaptureFixture[str]
) -> None:
    firsts = []
    for hour in range(3):
        answer = run_hour(whole, hour, seconds=schedule._MIN_SECONDS)["models"]
        firsts += [name for name, one in answer.items() if one["report"]]
        skipped = [name for name, one in answer.items() if one.get("reason") == "no time was left"]
        assert len(skipped) == 2
    assert sorted(firsts) == NAMES
    assert capsys.readouterr().out.count("there is no time left") == 3


def alarms(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The last line that alarms go by."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    found: dict[str, Any] = [line for line in lines if line["message"] == "alarms"][-1]
    assert [one["Dimensions"] for one in found["_aws"]["CloudWatchMetrics"]] == [[["Stage"]]]
    return found


def test_an_alarm_of_any_model_stands_until_that_model_ends_it(
    whole: Store, models: list[ModelStore], capsys: pytest.CaptureFixture[str]
) -> None:
    run_hour(whole)
    found = alarms(capsys)
    assert (found["DriftConfirmed"], found["DataAlarms"], found["QualityFallen"]) == (0, 0, 0)
    strange = {**CUSTOMER, FEE: 1_000.0}
    for hour in (1, 2):
        log_churn(models[1], 300, NOW, customers=[strange])
        run_hour(whole, hour)
    found = alarms(capsys)
    assert (found["DriftConfirmed"], found["models"]["DriftConfirmed"]) == (1, ["beta"])
    assert (found["DataAlarms"], found["models"]["DataAlarms"]) == (1, ["beta"])
    # Nothing is new of it; of another one there is.
    log_churn(models[0], 5, NOW)
    run_hour(whole, 3)
    assert alarms(capsys)["models"]["DriftConfirmed"] == ["beta"]
    # It goes out of service.
    models[1].delete(CHAMPION)
    run_hour(whole, 4)
    assert alarms(capsys)["DriftConfirmed"] == 0


def test_in_a_day_of_hours_each_is_first_as_often() -> None:
    firsts = [schedule._in_turn(NAMES, NOW + timedelta(hours=hour))[0] for hour in range(24)]
    assert {name: firsts.count(name) for name in NAMES} == dict.fromkeys(NAMES, 8)
    assert schedule._in_turn([], NOW) == []
