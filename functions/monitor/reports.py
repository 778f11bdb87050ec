"""Where reports are kept: `monitoring/reports/{sequence}.json`, one for each run that found something new."""

from contextlib import suppress

from pydantic import BaseModel, Field, ValidationError

from functions.core.errors import Conflict, NotFound, UnusableRecord
from functions.core.store import Store
from functions.monitor.report import Report

_FOLDER = "monitoring/reports/"


class ReportPage(BaseModel):
    reports: list[Report] = Field(description="Newest first")
    next: int | None = Field(description="Send it as `before` to have the next page; null on the last")


def keep(store: Store, report: Report) -> bool:
    """Write a report unless it is there already. Returns whether it was not."""
    try:
        store.create(_key(report.sequence), report.model_dump_json(indent=2).encode())
    except Conflict:
        return False
    return True


def read(store: Store, sequence: int) -> Report:
    """Raises `NotFound`, `UnusableRecord`."""
    try:
        body = store.get(_key(sequence)).body
    except NotFound as error:
        raise NotFound(f"there is no report {sequence}") from error
    try:
        return Report.model_validate_json(body)
    except ValidationError as error:
        raise UnusableRecord(f"report {sequence} is damaged") from error


def last_number(store: Store) -> int:
    """The number of the newest report; 0 when there is none."""
    numbers = [int(entry.key.removeprefix(_FOLDER).removesuffix(".json")) for entry in store.list(_FOLDER)]
    return max(numbers, default=0)


def page(store: Store, newest: int, *, limit: int) -> ReportPage:
    """The reports from number `newest` downwards; one that a run died before writing is still missing."""
    numbers = range(newest, max(newest - limit, 0), -1)
    found = []
    for number in numbers:
        with suppress(NotFound):
            found.append(read(store, number))
    return ReportPage(reports=found, next=numbers[-1] if numbers and numbers[-1] > 1 else None)


def _key(sequence: int) -> str:
    return f"{_FOLDER}{sequence:08}.json"
