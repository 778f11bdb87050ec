"""What the monitor remembers from run to run: one object, changed by compare-and-swap.

The state holds the last report, so that a report and the state that follows from it are written at once, or
not at all. From the state the report is then copied to where it is kept; a run that died before that is
finished by the next one. Of two runs at once one is first, and the other finds nothing left to do.
"""

from datetime import datetime

from pydantic import ValidationError

from functions.core.distribution import Tally
from functions.core.errors import NotFound, UnusableRecord
from functions.core.manifest import Record
from functions.core.store import Store
from functions.monitor.refused import Asked
from functions.monitor.report import Reason, Report
from functions.monitor.unread import Position
from functions.monitor.window import Window

STATE = "monitoring/state.json"


class Started(Record):
    """A training that the monitor started by uploading a dataset."""

    at: datetime
    reason: Reason
    dataset: str


class State(Record):
    """What is known after a run.

    window: the one that is being filled; asked: who came since refusals were last judged (nobody, in the
    state of an earlier release). answered: the probabilities of all of the champion's predictions, counted in
    its bins. labels: tells one set of labels from another; tried: with which a dataset was last put together,
    and considered: when. started: the trainings of the last month.
    """

    position: Position
    window: Window
    asked: Asked = Asked()
    answered: Tally
    labels: str
    tried: str
    considered: datetime
    started: list[Started]
    report: Report


def read_state(store: Store) -> tuple[State, str] | None:
    """The state and its ETag; None before the first run. Raises `UnusableRecord`."""
    try:
        blob = store.get(STATE)
    except NotFound:
        return None
    try:
        return State.model_validate_json(blob.body), blob.etag
    except ValidationError as error:
        raise UnusableRecord(
            f"{STATE} is damaged; delete it and the monitor begins anew, with the last day of the log"
        ) from error


def write_state(store: Store, state: State, *, over: str | None) -> None:
    """Write the state in place of the one whose ETag is `over`. Raises `Conflict` when a run was first."""
    body = state.model_dump_json().encode()
    if over is None:
        store.create(STATE, body)
    else:
        store.replace(STATE, body, etag=over)
