"""Who is labelling what: a prediction from the queue is one annotator's alone for a while.

An annotator is a key, or a name that its holder gives, below the key (`core.predictions.labels.source_of`).
All names of a key together have `MAX_LEASES` at most: one key cannot take the queue from all others.
A lease is an object, written by compare-and-swap: of two annotators who reach for a prediction, one gets it.
It ends by itself; nobody has to give it back.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from pydantic import Field, ValidationError

from functions.core.base.errors import Conflict, NotFound
from functions.core.base.ids import PATTERN
from functions.core.base.logs import log
from functions.core.base.records import Moment, Record
from functions.core.predictions.labels import PREFIX, day_of
from functions.core.storage.contract import Entry, Store
from functions.feedback.sampling import Reason

# S3 tells the time of an object in whole seconds, and no two clocks agree.
_CLOCKS = timedelta(minutes=1)
_AT_ONCE = 8
# Five full pages; more than anybody labels before the first leases end. Requests in the same moment do not
# see each other's leases, and may together take a page each beyond it.
MAX_LEASES = 500
# When something was leased, and which of a page it was.
PLACE = r"^[0-9]{8}T[0-9]{6}\.[0-9]{6}Z-[0-9]{4}$"


class Lease(Record):
    """`place` orders the leases of one annotator: text that grows with each. `chosen`: why."""

    prediction_id: str = Field(pattern=PATTERN)
    annotator: str = Field(max_length=256)
    place: str = Field(pattern=PLACE)
    until: Moment
    chosen: Reason

    @property
    def key_id(self) -> str:
        return self.annotator.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Leases:
    """The leases that last, and the ETags of all that there are, both by prediction id."""

    live: dict[str, Lease] = field(default_factory=dict)
    etags: dict[str, str] = field(default_factory=dict)


def read_leases(store: Store, days: Iterable[date], *, now: datetime, seconds: int) -> Leases:
    """The leases of predictions made on `days` (UTC). seconds: the longest that one lasts."""
    entries = [entry for day in sorted(days) for entry in store.list(f"{PREFIX}leases/dt={day}/")]
    oldest = now - timedelta(seconds=seconds) - _CLOCKS
    leases = Leases(etags={_id_of(entry): entry.etag for entry in entries})
    # What is too old to last is not read.
    recent = [entry for entry in entries if entry.modified >= oldest]
    with ThreadPoolExecutor(_AT_ONCE) as readers:
        for lease in readers.map(lambda entry: _read(store, entry), recent):
            if lease and lease.until > now:
                leases.live[lease.prediction_id] = lease
    return leases


def take(store: Store, leases: list[Lease], etags: dict[str, str]) -> list[Lease]:
    """Write `leases`, each unless somebody was first. Returns those that were written, in order.

    etags: of the leases that these take the place of, where there was one: it has ended, or its holder has
    said what there is to say.
    """

    def won(lease: Lease) -> bool:
        key, body = _key(lease.prediction_id), lease.model_dump_json().encode()
        etag = etags.get(lease.prediction_id)
        try:
            if etag:
                store.replace(key, body, etag=etag)
            else:
                store.create(key, body)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(_AT_ONCE) as writers:
        return [lease for lease, is_ours in zip(leases, writers.map(won, leases), strict=True) if is_ours]


def _key(prediction_id: str) -> str:
    return f"{PREFIX}leases/dt={day_of(prediction_id)}/{prediction_id}.json"


def _id_of(entry: Entry) -> str:
    return entry.key.rpartition("/")[2].removesuffix(".json")


def _read(store: Store, entry: Entry) -> Lease | None:
    """None for one that is damaged, or was cleared away meanwhile."""
    try:
        lease = Lease.model_validate_json(store.get(entry.key).body)
    except NotFound:
        return None
    except ValidationError:
        lease = None
    if lease is None or lease.prediction_id != _id_of(entry):
        log("WARNING", "a lease is damaged; it counts as ended", key=entry.key)
        return None
    return lease
