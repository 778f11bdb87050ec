"""What the monitor remembers from run to run: one object, changed by compare-and-swap.

The state holds the last report, so that a report and the state that follows from it are written at once, or
not at all; and with them the decision to train. From the state the report is then copied to where it is kept,
and the dataset uploaded that was decided on; a run that died before that is finished by the next one. Of two
runs at once one is first, and the other finds nothing left to do.
"""

from datetime import date, datetime, timedelta

from pydantic import Field, ValidationError

from functions.core.base.errors import NotFound, UnusableRecord
from functions.core.base.records import Moment, Record
from functions.core.registry.manifest import Manifest
from functions.core.stats.records import Tally
from functions.core.storage.view import ModelStore
from functions.monitor.pending import Pending
from functions.monitor.refused import Asked
from functions.monitor.report import Report, Training
from functions.monitor.traffic import Hour
from functions.monitor.unread import Position
from functions.monitor.window import Window

STATE = "monitoring/state.json"


class Tried(Record):
    """The last try to put a dataset together: what came of it, and of what it was made.

    inputs: a hash that changes when any row that a dataset could be made of changes. These are all labels,
    and the rows that the champion comes from.
    """

    inputs: str
    training: Training


class State(Record):
    """What is known after a run.

    window: the one that is being filled; asked: what came since refusals were last judged. traffic: what
    came of any version by the hour (UTC) in which it was asked, of the last two weeks. callers: when each
    last asked. answered: the probabilities of the champion's predictions, counted in its bins, by the day
    (UTC) of each prediction, for as long as outcomes are waited for. labels: a hash that changes when a
    label of these days does. considered: when a weekly training was last thought of. started: when the
    trainings of the last month were decided on. pending: the dataset to be uploaded before anything else.
    """

    position: Position
    window: Window
    asked: Asked
    traffic: dict[Moment, Hour] = Field({})
    callers: dict[str, date] = Field({})
    answered: dict[date, Tally]
    labels: str
    tried: Tried | None
    considered: Moment
    started: list[Moment]
    pending: Pending | None
    report: Report


def read_state(store: ModelStore) -> tuple[State, str] | None:
    """The state and its ETag; None before the first run. Raises `UnusableRecord`."""
    try:
        blob = store.get(STATE)
    except NotFound:
        return None
    try:
        return State.model_validate_json(blob.body), blob.etag
    except ValidationError as error:
        raise damaged_state(store) from error


def fits(state: State, champion: Manifest, now: datetime) -> bool:
    """Whether the counts of a state are in the bins of its champion, and its position is not to come."""
    edges = {name: len(known.counts) for name, known in champion.reference.items()}
    counted = {name: len(tally.counts) for name, tally in state.window.tallies.items()}
    by_day = {len(tally.counts) for tally in state.answered.values()}
    # A clock may be fast, here or there.
    is_past = state.position.since <= now + timedelta(days=1)
    return is_past and (
        state.window.champion != champion.version or (counted == edges and by_day <= {edges["probability"]})
    )


def damaged_state(store: ModelStore) -> UnusableRecord:
    """What is to be said of a state that cannot be gone on from."""
    return UnusableRecord(
        f"{store.full(STATE)} is damaged, or of an earlier release; delete it and the monitor begins anew, "
        "with the last day of the log"
    )


def write_state(store: ModelStore, state: State, *, etag: str | None) -> str:
    """Write the state in place of the one that has `etag` (None: there is none). Returns its own ETag.

    Raises `Conflict` when another run was first.
    """
    body = state.model_dump_json().encode()
    if etag is None:
        return store.create(STATE, body)
    return store.replace(STATE, body, etag=etag)
