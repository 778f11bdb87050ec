"""Another model when it is due: a dataset is put together and uploaded, and the upload does the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.core.distribution import Tally
from functions.core.manifest import Manifest
from functions.core.promotion import Champion
from functions.core.store import Store
from functions.monitor.dataset import LostReference, build, upload
from functions.monitor.labelled import labelled_days, read_labelled
from functions.monitor.report import Drift, LiveQuality, Reason, Training
from functions.monitor.settings import MonitorSettings
from functions.monitor.state import Started, State

_NOT_DUE = Training(reason=None, outcome="not due", why="")
# What was trained longer ago than this holds up nothing.
_REMEMBERED = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Situation:
    """What it is decided by whether to train. `labels` tells one set of labels from another."""

    store: Store
    settings: MonitorSettings
    before: State | None
    champion: Champion
    manifest: Manifest
    answered: Sequence[Tally]
    drift: Drift | None
    live: LiveQuality
    labels: str
    now: datetime

    def started(self, training: Training) -> list[Started]:
        """The trainings that were started lately, with this one if it is one of them."""
        started = [*self.before.started] if self.before else []
        if training.outcome == "uploaded" and training.reason and training.dataset:
            started.append(Started(at=self.now, reason=training.reason, dataset=training.dataset))
        return [one for one in started if self.now - one.at < _REMEMBERED]


def attempt(situation: Situation, *, requested: bool) -> tuple[Training, bool]:
    """Train if it is due and nothing holds it up. Returns what came of it, and whether a dataset was made.

    A run that dies after the upload does not know of it. The next one makes the same bytes, finds them there,
    and has nothing to do; only where outcomes came in between, there is a second retrain.
    """
    reason = _reason(situation, requested=requested)
    if reason is None:
        return _NOT_DUE, False
    if why := _hindrance(situation, reason):
        return Training(reason=reason, outcome="held", why=why), False
    before = situation.before
    if reason in ("drift", "quality") and before and before.tried == situation.labels:
        why = "no outcome was reported since the last try"
        return Training(reason=reason, outcome="unchanged", why=why), False
    return _train(situation, reason), True


def _train(situation: Situation, reason: Reason) -> Training:
    store = situation.store
    labelled = read_labelled(store, labelled_days(store))
    if not labelled:
        why = "no outcome of a prediction has been reported: GET /feedback/queue says which would help most"
        return Training(reason=reason, outcome="unchanged", why=why)
    try:
        dataset = build(store, situation.manifest, labelled, situation.answered, reason)
    except LostReference as error:
        return Training(reason=reason, outcome="held", why=f"{error}; upload a dataset")
    new = upload(store, dataset)
    return Training(
        reason=reason,
        outcome="uploaded" if new else "unchanged",
        why="the upload starts a retrain" if new else "the same rows were uploaded before",
        dataset=dataset.key,
        labels=len(labelled),
    )


def _reason(situation: Situation, *, requested: bool) -> Reason | None:
    """Why another model is due; None when it is not. A week begins anew with every champion."""
    if requested:
        return "request"
    if situation.drift and situation.drift.confirmed:
        return "drift"
    if situation.live.fallen:
        return "quality"
    if situation.before is None:
        return None
    since = max(situation.before.considered, situation.champion.promoted_at)
    due = situation.now - since >= timedelta(days=situation.settings.retrain_days)
    return "weekly" if due else None


def _hindrance(situation: Situation, reason: Reason) -> str | None:
    """Why a model that is due has to wait: what no retrain mends would be retrained for ever."""
    started = situation.before.started if situation.before else []
    settings, now = situation.settings, situation.now
    today = [one for one in started if now - one.at < timedelta(days=1)]
    if len(today) >= settings.most_trainings_a_day:
        return f"{len(today)} trainings were started within a day, as many as may be"
    rest = timedelta(hours=settings.cooldown_hours)
    # Who asks for one by hand has a reason.
    if reason != "request" and started and now - started[-1].at < rest:
        return f"the last training was started less than {settings.cooldown_hours:g} hours before"
    return None
