"""A complete window, held against what the champion was made from."""

from functions.core.registry.manifest import Manifest
from functions.monitor.data_quality import data_quality
from functions.monitor.drift import feature_drift
from functions.monitor.quality import expected_quality
from functions.monitor.report import Drift
from functions.monitor.settings import MonitorSettings
from functions.monitor.window import Window

# One window in a hundred may raise an alarm by chance; two in a row, one in ten thousand.
_TO_CONFIRM = 2


def judge(window: Window, champion: Manifest, settings: MonitorSettings, *, after: Drift | None) -> Drift:
    """Whether a window has drifted. after: what was said of the one before it, of the same champion."""
    features = feature_drift(champion.reference, window.tallies, settings.drift_limits)
    drifted = [name for name, found in features.items() if found.alarm]
    in_a_row = (after.in_a_row if after else 0) + 1 if drifted else 0
    return Drift(
        rows=window.rows,
        first=window.first,
        last=window.last,
        features=features,
        drifted=drifted,
        in_a_row=in_a_row,
        confirmed=in_a_row >= _TO_CONFIRM,
        data=data_quality(champion.reference, window.tallies, settings.data_limits),
        expected=expected_quality(list(window.sample.values()), threshold=champion.threshold),
    )
