"""What the function is told by its environment."""

from dataclasses import dataclass

from functions.core.base.settings import StoreSettings, setting
from functions.monitor.data_quality import DataLimits
from functions.monitor.drift import DriftLimits


@dataclass(frozen=True, kw_only=True)
class MonitorSettings(StoreSettings):
    """`LIFEBOAT_STORE`, `_DEFAULT_MODEL` and `_STAGE`, and the limits below, which hold for every model."""

    stage: str = setting("dev")
    min_rows: int = setting(300, ge=1, description="Predictions of a complete window, which is judged")
    min_psi: float = setting(0.1, gt=0, description="PSI from which a difference matters")
    alpha: float = setting(0.01, gt=0, lt=1, description="Chance of a false alarm, each window")
    max_refused: float = setting(
        0.2, gt=0, le=1, description="Share of rows refused because they do not fit that is no alarm yet"
    )
    min_labels: int = setting(
        50, ge=30, description="Labelled predictions of the champion before its quality is judged"
    )
    label_days: int = setting(
        28, ge=1, le=366, description="How far back a prediction may lie whose outcome is waited for"
    )
    retrain_days: float = setting(7, gt=0, description="Days after which another model is due")
    cooldown_hours: float = setting(24, ge=0, description="Hours between a training and the next")
    max_trainings_a_day: int = setting(3, ge=1)
    # Each takes 1.3 kB of memory when the dataset is made.
    max_labels: int = setting(
        250_000, ge=1, description="Labelled predictions, the newest, that go into a dataset"
    )

    @property
    def drift_limits(self) -> DriftLimits:
        return DriftLimits(min_rows=self.min_rows, min_psi=self.min_psi, alpha=self.alpha)

    @property
    def data_limits(self) -> DataLimits:
        return DataLimits(min_rows=self.min_rows)
