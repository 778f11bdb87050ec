"""What can be set of scoring jobs."""

from dataclasses import dataclass

from functions.core.base.settings import StoreSettings, setting
from functions.scoring.worker import BEAT_SECONDS, MAX_ATTEMPTS, MAX_EXPLAINED, PATIENCE_SECONDS, Limits


@dataclass(frozen=True, kw_only=True)
class ScoringSettings(StoreSettings):
    """`LIFEBOAT_STORE`, `LIFEBOAT_DEFAULT_MODEL`; `LIFEBOAT_MAX_EXPLAINED_ROWS` of a file;
    `LIFEBOAT_MAX_ATTEMPTS` that end without getting on, before a job fails; `LIFEBOAT_BEAT_SECONDS` between
    two signs of life, and `LIFEBOAT_PATIENCE_SECONDS` without one after which a job is taken over."""

    max_explained_rows: int = setting(MAX_EXPLAINED, ge=1)
    max_attempts: int = setting(MAX_ATTEMPTS, ge=1)
    beat_seconds: float = setting(BEAT_SECONDS, gt=0)
    patience_seconds: float = setting(PATIENCE_SECONDS, gt=0)

    @property
    def limits(self) -> Limits:
        return Limits(
            beat=self.beat_seconds,
            patience=self.patience_seconds,
            max_explained=self.max_explained_rows,
            max_attempts=self.max_attempts,
        )
