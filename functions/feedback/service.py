"""What the function holds between requests: its settings, the store, and what it read of log and schemas."""

from dataclasses import dataclass
from functools import lru_cache

from functions.core.base.settings import StoreSettings, setting
from functions.core.schema.schema import Schema
from functions.core.storage.opening import open_store
from functions.core.storage.view import ModelStore
from functions.feedback.log_reader import LogCache, LogReader
from functions.feedback.schemas import SchemaCache


@dataclass(frozen=True, kw_only=True)
class FeedbackSettings(StoreSettings):
    """`LIFEBOAT_LEASE_SECONDS`: how long a prediction from the queue is one annotator's alone;
    `LIFEBOAT_RANDOM_SHARE`: which share of the queue and of rounds is drawn at random, 0 to 1;
    `LIFEBOAT_MAX_QUEUE_PREDICTIONS`: of how many predictions, the newest, the queue is made;
    `LIFEBOAT_MAX_LOG_OBJECTS`, `LIFEBOAT_MAX_LOG_BYTES`: how much of the log one request may read, and the
    process keeps, whatever the number of models; `LIFEBOAT_REFRESH_SECONDS`: how old a schema may be."""

    lease_seconds: int = setting(900, ge=1, le=86_400)
    random_share: float = setting(0.25, ge=0, le=1)
    # API Gateway waits for 30 seconds. The listing of a day takes some 50 ms, a GET 25 ms, eight run at once;
    # a record of some 400 bytes is parsed in 30 microseconds. Firehose writes an object every five minutes.
    # One prediction a minute: the usual three days are 864 objects, read in 3 s; 3,000 are ten days, 9 s.
    # 100 a second: 64 MiB are the last 170,000 predictions, or 28 minutes, longer than a lease lasts; they
    # are six objects, parsed in 5 s, and take 300 MB of memory.
    # So both limits together are reached in 15 s. What is asked again is kept, and takes no time.
    max_log_objects: int = setting(3_000, gt=0)
    max_log_bytes: int = setting(64 * 2**20, gt=0)
    max_queue_predictions: int = setting(100_000, gt=0)
    refresh_seconds: float = setting(30.0, ge=0)


@dataclass(frozen=True, slots=True)
class Labelling:
    """One model whose predictions are labelled: its part of the store, its log, its champion's schema."""

    settings: FeedbackSettings
    store: ModelStore
    log: LogReader
    schema: Schema


class Service:
    """The settings, the store, and what was learned of schemas and of the prediction log."""

    def __init__(self, settings: FeedbackSettings) -> None:
        self.settings = settings
        self._store = open_store(settings.store)
        self._log = LogCache(max_objects=settings.max_log_objects, max_bytes=settings.max_log_bytes)
        self._schemas = SchemaCache(settings.refresh_seconds)

    def labelling(self, model: str) -> Labelling:
        """A model by its name. Raises `NotFound`, `NoChampion`, `UnusableModel`, `StoreUnavailable`."""
        store = ModelStore(self._store, model)
        return Labelling(self.settings, store, LogReader(store, self._log), self._schemas.schema_of(store))


@lru_cache(maxsize=1)
def service() -> Service:
    """The one service of this process, made at first use."""
    return Service(FeedbackSettings.from_environment())
