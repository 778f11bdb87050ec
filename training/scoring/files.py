"""From a file of rows to a file of answers, which is there as a whole or not at all."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from functions.core.base.errors import InvalidInput
from functions.core.schema.rows import RowReader
from functions.core.schema.tables.header import ColumnsReport
from training.scoring.crew import Crew, Job
from training.scoring.table import open_table
from training.table.files import tables_at
from training.table.source import StoredObject

Moved = Callable[[int, int], None]
"""Told how many rows are done, of about how many."""


@dataclass(frozen=True, slots=True)
class Scored:
    """rows: of the file, blank lines not counted; bad: those that were not scored."""

    rows: int
    bad: int
    report: ColumnsReport


def plan_files(addresses: Sequence[str], target: Path) -> list[tuple[Path | StoredObject, Path]]:
    """Each file that is scored, and the file that its answers go to: into the folder `target` where there are
    several, or one folder. addresses: paths, or s3://bucket/key.

    Raises `InvalidInput` where two would have the same answers, or a file its own.
    """
    files = [file for address in addresses for file in tables_at(address)]
    are_several = len(addresses) > 1 or addresses[0].endswith("/") or Path(addresses[0]).is_dir()
    if are_several and target.exists() and not target.is_dir():
        raise InvalidInput(f"the answers of several files go into a folder, and {target} is a file")
    if are_several or target.is_dir():
        planned = [(file, target / _name(file)) for file in files]
    else:
        planned = [(file, target) for file in files]
    _check_apart(planned)
    return planned


def _check_apart(planned: Sequence[tuple[Path | StoredObject, Path]]) -> None:
    """Raise `InvalidInput` where two files would have the same answers, or a file its own."""
    taken: dict[Path, Path | StoredObject] = {}
    for file, answers in planned:
        if (other := taken.setdefault(answers, file)) != file:
            raise InvalidInput(f"{other} and {file} would both be answered in {answers}: rename one of them")
        if isinstance(file, Path) and answers.exists() and answers.samefile(file):
            raise InvalidInput(f"the answers would be written over {file}: name another file or folder")


def _name(file: Path | StoredObject) -> str:
    """The name of the file with the answers: that of the file, of which the last part says how it is
    written."""
    return f"{file.name.removesuffix('.parquet')}.csv" if file.name.endswith(".parquet") else file.name


def score_file(
    source: Path | StoredObject,
    target: Path,
    reader: RowReader,
    crew: Crew,
    moved: Moved,
    *,
    explained: bool = False,
) -> Scored:
    """Score the rows of `source`, which `reader` reads, into `target`, in gzip where its name ends with .gz.
    explained: the answers of `crew` are.

    Raises `InvalidInput` for what is no table, `UnsoundAnswer`, `OSError`, `StoreUnavailable`; then `target`
    is what it was.
    """
    rows = bad = 0
    # What the table refuses in the end, it refuses before its answers are seen.
    with _whole(target) as file, open_table(source, reader, explained=explained) as table:
        job = Job(
            table.dialect,
            is_packed=target.name.endswith(".gz"),
            file=table.file,
            size=table.size,
            folder=target.parent.absolute(),
        )
        file.write(crew.header(job))
        for part in crew.score(job, table.parts):
            file.write(part.body)
            rows += part.rows
            bad += part.bad
            moved(rows, table.rows)
    return Scored(rows, bad, table.report)


@contextmanager
def _whole(target: Path) -> Iterator[BinaryIO]:
    """A file that appears as `target` once all is written."""
    target.parent.mkdir(parents=True, exist_ok=True)
    # What reads folders of tables passes over what begins with a point.
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
