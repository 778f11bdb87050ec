"""When rate(...) and cron(...) are due."""

from datetime import UTC, datetime

import pytest

from functions.local.schedules import next_time

SATURDAY = datetime(2026, 11, 21, 14, 30, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "due"),
    [
        ("rate(1 minute)", "2026-11-21T14:31:20"),
        ("rate(12 hours)", "2026-11-22T02:30:20"),
        ("rate(7 days)", "2026-11-28T14:30:20"),
        ("cron(0 10 * * ? *)", "2026-11-22T10:00:00"),
        ("cron(15 * * * ? *)", "2026-11-21T15:15:00"),
        ("cron(0/20 * * * ? *)", "2026-11-21T14:40:00"),
        ("cron(0 8 ? * MON-FRI *)", "2026-11-23T08:00:00"),
        ("cron(0 8 ? * SUN *)", "2026-11-22T08:00:00"),
        ("cron(0 8 ? * 7 *)", "2026-11-28T08:00:00"),
        ("cron(30 14 21 11 ? *)", "2027-11-21T14:30:00"),
        ("cron(0 0 29 FEB ? *)", "2028-02-29T00:00:00"),
        ("cron(5,40 9-17/4 1 JAN,JUL ? 2027)", "2027-01-01T09:05:00"),
    ],
)
def test_the_next_moment_is_found(expression: str, due: str) -> None:
    assert next_time(expression, SATURDAY) == datetime.fromisoformat(due).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("at(2026-01-01T00:00:00)", "neither"),
        ("cron(0 10 * * *)", "neither"),
        ("cron(0 10 L * ? *)", "not a cron field"),
        ("cron(60 10 * * ? *)", "not between 0 and 59"),
        ("cron(0 0 31 FEB ? *)", "never due"),
        ("cron(0 0 * * ? 2020)", "never due"),
    ],
)
def test_what_is_not_understood_is_refused(expression: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        next_time(expression, SATURDAY)
