"""What the function is told by its environment."""

from pydantic import Field

from functions.core.base.settings import Settings
from functions.monitor.data_quality import DataLimits
from functions.monitor.drift import DriftLimits


class MonitorSettings(Settings):
    """`LIFEBOAT_STORE` and `LIFEBOAT_STAGE`; what it takes to judge: `LIFEBOAT_MIN_ROWS`, the predictions of
    a complete window, `_MIN_PSI`, `_ALPHA` (`functions.monitor.drift`), `_MOST_REFUSED`, `_MIN_LABELS` and
    `_LABEL_DAYS`; and when to train again, and on what: `LIFEBOAT_RETRAIN_DAYS`, `_COOLDOWN_HOURS`,
    `_MOST_TRAININGS_A_DAY` and `_MOST_LABELS`."""

    stage: str = "dev"
    min_rows: int = Field(300, ge=1)
    min_psi: float = Field(0.1, gt=0)
    alpha: float = Field(0.01, gt=0, lt=1)
    # Share of passengers refused because they do not fit that raises no alarm yet.
    most_refused: float = Field(0.2, gt=0, le=1)
    # Predictions with an outcome, of the champion's, before its quality is judged.
    min_labels: int = Field(50, ge=30)
    # How far back a prediction may lie whose outcome is still waited for.
    label_days: int = Field(28, ge=1, le=366)
    retrain_days: float = Field(7, gt=0)
    cooldown_hours: float = Field(24, ge=0)
    most_trainings_a_day: int = Field(3, ge=1)
    # Labelled predictions, the newest, that go into a dataset. Each takes 1.3 kB of memory when it is made.
    most_labels: int = Field(250_000, ge=1)

    @property
    def drift_limits(self) -> DriftLimits:
        return DriftLimits(min_rows=self.min_rows, min_psi=self.min_psi, alpha=self.alpha)

    @property
    def data_limits(self) -> DataLimits:
        return DataLimits(min_rows=self.min_rows)
