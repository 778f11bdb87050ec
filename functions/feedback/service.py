"""What the function holds between requests: its settings, the store, and the predictions it knows of."""

from functools import lru_cache

from pydantic import Field

from functions.core.settings import Settings
from functions.core.store import open_store
from functions.feedback.known import KnownPredictions


class FeedbackSettings(Settings):
    """`LIFEBOAT_STORE`; `LIFEBOAT_LEASE_SECONDS`: how long a prediction from the queue is one annotator's
    alone; `LIFEBOAT_RANDOM_SHARE`: which share of the queue and of rounds is drawn at random, 0 to 1;
    `LIFEBOAT_MOST_LOG_BYTES`: how much of the prediction log one request may read."""

    lease_seconds: int = Field(900, ge=1, le=86_400)
    random_share: float = Field(0.25, ge=0, le=1)
    most_log_bytes: int = Field(32 * 2**20, gt=0)


class Service:
    """The settings, the store, and what was learned of the prediction log."""

    def __init__(self, settings: FeedbackSettings) -> None:
        self.settings = settings
        self.store = open_store(settings.store)
        self.known = KnownPredictions(self.store, settings.most_log_bytes)


@lru_cache(maxsize=1)
def service() -> Service:
    """The one service of this process, made at first use."""
    return Service(FeedbackSettings.from_environment())
