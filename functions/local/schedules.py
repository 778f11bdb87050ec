"""When a schedule of EventBridge, `rate(...)` or `cron(...)`, is due next."""

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_CRON = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]


def next_time(expression: str, after: datetime) -> datetime:
    """The first moment later than `after` at which `expression` is due, in UTC.

    Every field of cron may hold *, ?, numbers, names, lists, ranges and steps; L, W and # are not understood.
    Raises `ValueError` for anything else, or when nothing is due within the next five years.
    """
    after = after.astimezone(UTC)
    if rate := _RATE.fullmatch(expression):
        return after + timedelta(**{f"{rate[2]}s": int(rate[1])})
    if not (cron := _CRON.fullmatch(expression)):
        raise ValueError(f"neither rate(...) nor cron(...): {expression}")
    minutes, hours = _field(cron[1], 0, 59), _field(cron[2], 0, 23)
    for day in _days(cron, after):
        for hour in hours:
            for minute in minutes:
                moment = day.replace(hour=hour, minute=minute)
                if moment > after:
                    return moment
    raise ValueError(f"never due: {expression}")


def _days(cron: re.Match[str], after: datetime) -> Iterator[datetime]:
    days, months = _field(cron[3], 1, 31), _field(cron[4], 1, 12, _MONTHS)
    weekdays, years = _field(cron[5], 1, 7, _DAYS), _field(cron[6], 1970, 2199)
    for year in range(after.year, after.year + 6):
        for month in months if year in years else ():
            for day in range(1, monthrange(year, month)[1] + 1):
                moment = datetime(year, month, day, tzinfo=UTC)
                # Sunday is 1 for AWS, 6 for Python.
                if (
                    day in days
                    and (moment.weekday() + 1) % 7 + 1 in weekdays
                    and moment.date() >= after.date()
                ):
                    yield moment


def _field(text: str, low: int, high: int, names: list[str] | None = None) -> list[int]:
    """The values, in order, that one field of a cron expression allows."""
    for number, name in enumerate(names or (), start=1):
        text = text.upper().replace(name, str(number))
    allowed: set[int] = set()
    for part in text.split(","):
        if not (found := re.fullmatch(r"([*?]|\d+)(?:-(\d+))?(?:/(\d+))?", part)):
            raise ValueError(f"not a cron field: {text}")
        every = found[1] in {"*", "?"}
        first = low if every else int(found[1])
        # In `5/10` the step runs to the end of the field.
        last = int(found[2]) if found[2] else high if every or found[3] else first
        if not low <= first <= last <= high:
            raise ValueError(f"not between {low} and {high}: {part}")
        allowed.update(range(first, last + 1, int(found[3] or 1)))
    return sorted(allowed)
