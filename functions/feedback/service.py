"""What the function holds between requests: its settings, the store, and what it read of the log."""

from functools import lru_cache

from pydantic import Field

from functions.core.base.settings import Settings
from functions.core.storage.opening import open_store
from functions.feedback.log_reader import LogReader


class FeedbackSettings(Settings):
    """`LIFEBOAT_STORE`; `LIFEBOAT_LEASE_SECONDS`: how long a prediction from the queue is one annotator's
    alone; `LIFEBOAT_RANDOM_SHARE`: which share of the queue and of rounds is drawn at random, 0 to 1;
    `LIFEBOAT_MOST_LOG_OBJECTS`, `LIFEBOAT_MOST_LOG_BYTES`: how much of the log one request may read."""

    lease_seconds: int = Field(900, ge=1, le=86_400)
    random_share: float = Field(0.25, ge=0, le=1)
    # API Gateway waits for 30 seconds. The listing of a day takes some 50 ms, a GET 25 ms, eight run at once;
    # a record of some 400 bytes is parsed in 30 microseconds. Firehose writes an object every five minutes.
    # One prediction a minute: the usual three days are 864 objects, read in 3 s; 3,000 are ten days, 9 s.
    # 100 a second: 64 MiB are the last 170,000 predictions, or 28 minutes, longer than a lease lasts; they
    # are six objects, parsed in 5 s, and take 300 MB of memory.
    # So both limits together are reached in 15 s. What is asked again is kept, and takes no time.
    most_log_objects: int = Field(3_000, gt=0)
    most_log_bytes: int = Field(64 * 2**20, gt=0)


class Service:
    """The settings, the store, and what was learned of the prediction log."""

    def __init__(self, settings: FeedbackSettings) -> None:
        self.settings = settings
        self.store = open_store(settings.store)
        self.log = LogReader(
            self.store, most_objects=settings.most_log_objects, most_bytes=settings.most_log_bytes
        )


@lru_cache(maxsize=1)
def service() -> Service:
    """The one service of this process, made at first use."""
    return Service(FeedbackSettings.from_environment())
