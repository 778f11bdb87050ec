"""What was taken in, held against what the champion was made from."""

from dataclasses import dataclass
from datetime import datetime

from functions.core.registry.manifest import Manifest
from functions.monitor.data_quality import data_quality
from functions.monitor.drift import feature_drift
from functions.monitor.intake import Intake
from functions.monitor.live import judge_quality
from functions.monitor.quality import expected_quality
from functions.monitor.refused import Refused, judge_refusals
from functions.monitor.report import Drift, LiveQuality
from functions.monitor.settings import MonitorSettings
from functions.monitor.state import State
from functions.monitor.window import Window

# One window in a hundred may raise an alarm by chance; two in a row, one in ten thousand.
_TO_CONFIRM = 2


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is to be said of a champion now.

    drift, refused: as they were judged last, if there is not enough to be judged again. is_complete: whether
    the window was judged now; were_refusals_judged: whether refusals were. What was judged begins anew.
    """

    drift: Drift | None
    refused: Refused | None
    live: LiveQuality
    is_complete: bool
    were_refusals_judged: bool


def judge(intake: Intake, before: State | None, settings: MonitorSettings, now: datetime) -> Judgement:
    """Judge the window if it is complete, the refusals if there are rows enough, and the quality."""
    is_complete = intake.window.rows >= settings.min_rows
    drift = intake.same.report.drift if intake.same else None
    if is_complete:
        drift = judge_window(intake.window, intake.manifest, settings, after=drift)
    is_enough = intake.asked.rows >= settings.min_rows
    refused = before.report.refused if before else None
    if is_enough:
        refused = judge_refusals(intake.asked, settings.max_refused, now)
    return Judgement(
        drift=drift,
        refused=refused,
        live=judge_quality(intake.manifest, intake.answered.values(), intake.labelled, settings.min_labels),
        is_complete=is_complete,
        were_refusals_judged=is_enough,
    )


def judge_window(
    window: Window, champion: Manifest, settings: MonitorSettings, *, after: Drift | None
) -> Drift:
    """Whether a window has drifted. after: what was said of the one before it, of the same champion."""
    features = feature_drift(champion.reference, window.tallies, settings.drift_limits)
    drifted = [name for name, feature in features.items() if feature.alarm]
    in_a_row = (after.in_a_row if after else 0) + 1 if drifted else 0
    return Drift(
        rows=window.rows,
        first=window.first,
        last=window.last,
        features=features,
        limits=settings.drift_limits,
        drifted=drifted,
        in_a_row=in_a_row,
        confirmed=in_a_row >= _TO_CONFIRM,
        data=data_quality(champion.reference, window.tallies, settings.data_limits),
        expected=expected_quality(list(window.sample.values()), threshold=champion.threshold),
    )
