"""When what is kept in memory is read again, after a success and after failures of every kind."""

import http.client
import json
from collections.abc import Callable

import pytest

from functions.core.base.errors import StoreUnavailable
from functions.core.base.refresh import LONGEST_PAUSE, Refresh
from tests.support.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def refresh(clock: Clock) -> Refresh:
    return Refresh("thing", 30, clock, model="churn")


def failing(error: Exception, clock: Clock, seconds: float = 0) -> Callable[[], None]:
    def read() -> None:
        clock.now += seconds
        raise error

    return read


def pause(refresh: Refresh, clock: Clock) -> float:
    """The seconds until it is due, to a tenth."""
    began = clock.now
    while not refresh.is_due:
        clock.now = round(clock.now + 0.1, 1)
    return round(clock.now - began, 1)


def test_it_is_due_at_once_then_after_the_interval(refresh: Refresh, clock: Clock) -> None:
    assert refresh.is_due
    refresh.attempt(lambda: None, has_answer=lambda: True)
    assert pause(refresh, clock) == 30
    refresh.postpone()
    refresh.expire()
    assert refresh.is_due


@pytest.mark.parametrize(
    ("took", "answered", "without"),
    [(0, 1, 1), (0.5, 4.5, 1), (6, 54, 6), (100, LONGEST_PAUSE, LONGEST_PAUSE)],
)
def test_the_pause_grows_with_what_the_failure_took_and_has_a_bound(
    refresh: Refresh, clock: Clock, took: float, answered: float, without: float
) -> None:
    refresh.attempt(failing(StoreUnavailable("away"), clock, took), has_answer=lambda: True)
    assert pause(refresh, clock) == answered
    refresh.attempt(failing(StoreUnavailable("away"), clock, took), has_answer=lambda: False)
    assert pause(refresh, clock) == without


def test_who_wants_every_answer_fresh_gets_no_pause_after_a_quick_failure(clock: Clock) -> None:
    refresh = Refresh("thing", 0, clock)
    refresh.attempt(failing(StoreUnavailable("away"), clock), has_answer=lambda: True)
    assert refresh.is_due


@pytest.mark.parametrize(
    "error",
    [http.client.IncompleteRead(b"", 5), KeyError("Value"), AttributeError("a mistake"), MemoryError()],
)
def test_whatever_is_raised_ends_here_is_logged_with_its_type_and_not_shown(
    refresh: Refresh, clock: Clock, error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    refresh.attempt(failing(error, clock), has_answer=lambda: True)
    line = json.loads(capsys.readouterr().out)
    assert (line["message"], line["error"]) == ("thing not refreshed", type(error).__name__)
    assert (line["level"], line["model"]) == ("ERROR", "churn")
    assert refresh.failure is error
    assert refresh.trouble == "the thing could not be read, by a mistake of ours; the log says which"


def test_a_failure_in_our_words_is_shown_until_the_next_success(refresh: Refresh, clock: Clock) -> None:
    said = [refresh.trouble]
    for read in (failing(StoreUnavailable("the store is away"), clock), lambda: None):
        refresh.attempt(read, has_answer=lambda: True)
        said.append(refresh.trouble)
    assert said == [None, "the store is away", None]


def test_the_same_failure_is_logged_once_a_minute_and_another_at_once(
    refresh: Refresh, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    def lines(text: str) -> int:
        refresh.attempt(failing(StoreUnavailable(text), clock), has_answer=lambda: True)
        return capsys.readouterr().out.count("\n")

    assert [lines("away"), lines("away"), lines("denied"), lines("away")] == [1, 0, 1, 1]
    clock.now += 60
    assert lines("away") == 1


def test_a_setting_that_does_not_fit_is_no_failure_to_go_on_with(refresh: Refresh) -> None:
    def read() -> None:
        raise SystemExit("settings do not fit")

    with pytest.raises(SystemExit):
        refresh.attempt(read, has_answer=lambda: True)
