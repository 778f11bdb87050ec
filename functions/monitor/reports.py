"""Where reports are kept: `monitoring/reports/{sequence}.json`, one for each run that found something new."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from pydantic import BaseModel, Field, ValidationError

from functions.core.base.errors import Conflict, NotFound, UnusableRecord
from functions.core.storage.contract import Store
from functions.monitor.report import Report

# One by one, a hundred reports would take S3 two seconds and more.
_READ_AT_ONCE = 8
_FOLDER = "monitoring/reports/"
_NAME = re.compile(rf"{_FOLDER}([0-9]{{8,}})\.json")


class ReportPage(BaseModel):
    reports: list[Report] = Field(description="Newest first")
    damaged: list[int] = Field(description="Numbers of those among them that cannot be read any more")
    next: int | None = Field(description="Send it as `before` to have the next page; null on the last")


def has_report(store: Store, sequence: int) -> bool:
    """Whether it was written."""
    try:
        store.head(_key(sequence))
    except NotFound:
        return False
    return True


def write_report(store: Store, report: Report) -> None:
    """Write a report unless it is there already."""
    with suppress(Conflict):
        store.create(_key(report.sequence), report.model_dump_json(indent=2).encode())


def read_report(store: Store, sequence: int) -> Report:
    """Raises `NotFound`, `UnusableRecord`."""
    try:
        body = store.get(_key(sequence)).body
    except NotFound as error:
        raise NotFound(f"there is no report {sequence}") from error
    try:
        report = Report.model_validate_json(body)
    except ValidationError as error:
        raise UnusableRecord(f"report {sequence} is damaged, or of an earlier release") from error
    if report.sequence != sequence:
        raise UnusableRecord(f"report {sequence} is another one by what it says")
    return report


def last_sequence(store: Store) -> int:
    """The number of the newest report; 0 when there is none. What is no report is passed over."""
    names = (_NAME.fullmatch(entry.key) for entry in store.list(_FOLDER))
    return max((int(name[1]) for name in names if name), default=0)


def list_reports(store: Store, newest: int, *, limit: int) -> ReportPage:
    """The reports from number `newest` downwards; one that a run died before writing is still missing."""
    numbers = range(newest, max(newest - limit, 0), -1)
    damaged: list[int] = []

    def read(number: int) -> Report | None:
        try:
            return read_report(store, number)
        except NotFound:
            return None
        except UnusableRecord:
            damaged.append(number)
            return None

    with ThreadPoolExecutor(_READ_AT_ONCE) as readers:
        page = [*filter(None, readers.map(read, numbers))]
    return ReportPage(
        reports=page,
        damaged=sorted(damaged, reverse=True),
        next=numbers[-1] if numbers and numbers[-1] > 1 else None,
    )


def _key(sequence: int) -> str:
    return f"{_FOLDER}{sequence:08}.json"
