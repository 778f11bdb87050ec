"""Another model when it is due: a dataset is put together, and its upload does the rest."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.core.registry.deployment import Champion
from functions.core.registry.manifest import Manifest
from functions.core.stats.records import Tally
from functions.core.storage.contract import Store
from functions.monitor.dataset import LostReference, build
from functions.monitor.labelled import Labelled, Names, newest_labelled, read_names
from functions.monitor.pending import Pending, prepare
from functions.monitor.report import Drift, LiveQuality, Reason, Training
from functions.monitor.settings import MonitorSettings
from functions.monitor.state import State, Tried

# What was trained longer ago than this holds up nothing.
_REMEMBERED = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Situation:
    """What it is decided by whether to train. `answered`: the probabilities of the champion's predictions."""

    store: Store
    settings: MonitorSettings
    before: State | None
    champion: Champion
    manifest: Manifest
    answered: Sequence[Tally]
    drift: Drift | None
    live: LiveQuality
    now: datetime

    def started(self, training: Training) -> list[datetime]:
        """When trainings were started lately, with this one if it is one of them."""
        started = [*self.before.started] if self.before else []
        if training.outcome == "uploaded":
            started.append(self.now)
        return [at for at in started if self.now - at < _REMEMBERED]


@dataclass(frozen=True, slots=True)
class Attempt:
    """Whether another model is due, and what came of it.

    tried: what is to be remembered of it; None when nothing was tried. pending: the dataset that is to be
    uploaded once this is written down.
    """

    training: Training
    tried: Tried | None = None
    pending: Pending | None = None


NOT_DUE = Attempt(Training(reason=None, outcome="not due", why=""))


def attempt(situation: Situation, *, requested: bool) -> Attempt:
    """Put a dataset together if one is due, it would have new rows, and nothing holds it up."""
    reason = _reason(situation, requested=requested)
    if reason is None:
        return NOT_DUE
    # First: of labels that come while rows are read, it must not be said that they have been tried.
    names = read_names(situation.store)
    rows = _rows_there_are(situation.manifest, names)
    last = situation.before.tried if situation.before else None
    # Who asks again has perhaps put back what was lost.
    if last and last.rows == rows and not (requested and last.training.outcome == "held"):
        # Once a week that is worth a report; drift and a bad quality stand as they are told of.
        return Attempt(_repeated(last.training, reason), last if reason == "weekly" else None)
    if why := _hindrance(situation, reason):
        return Attempt(Training(reason=reason, outcome="held", why=why))
    labelled, waiting = newest_labelled(situation.store, names, situation.settings.most_labels)
    training, pending = _put_together(situation, labelled, reason)
    # Labels that wait are new rows once their predictions are found, whatever the names say.
    return Attempt(training, Tried(rows="" if waiting else rows, training=training), pending)


def _rows_there_are(manifest: Manifest, names: Names) -> str:
    """Tells the rows that a dataset could be made of from those of another time."""
    facts = manifest.dataset
    reference = facts.lineage.reference_sha256 if facts.lineage else facts.sha256
    return hashlib.sha256(f"{reference} {names.digest}".encode()).hexdigest()[:16]


def _repeated(last: Training, reason: Reason) -> Training:
    """What is to be said when the same rows are asked for again."""
    changes: dict[str, str] = {"reason": reason}
    if last.outcome == "uploaded":
        why = "no outcome was reported since this dataset was put together"
        changes |= {"outcome": "unchanged", "why": why}
    return last.model_copy(update=changes)


def _put_together(
    situation: Situation, labelled: Sequence[Labelled], reason: Reason
) -> tuple[Training, Pending | None]:
    store = situation.store
    if not labelled:
        why = "no logged prediction has an outcome: GET /feedback/queue says of which it would help most"
        return Training(reason=reason, outcome="unchanged", why=why), None
    try:
        dataset = build(store, situation.manifest, labelled, situation.answered, reason)
    except LostReference as error:
        return Training(reason=reason, outcome="held", why=f"{error}; upload a dataset"), None
    # When the state was deleted, or labels were corrected and corrected back.
    is_new = not any(store.list(dataset.key))
    training = Training(
        reason=reason,
        outcome="uploaded" if is_new else "unchanged",
        why="the upload starts a retrain" if is_new else "the same rows were uploaded before",
        dataset=dataset.key,
        labels=len(labelled),
    )
    return training, prepare(store, dataset) if is_new else None


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
    today = [at for at in started if now - at < timedelta(days=1)]
    if len(today) >= settings.most_trainings_a_day:
        return f"{len(today)} trainings were started within a day, as many as may be"
    rest = timedelta(hours=settings.cooldown_hours)
    # Who asks for one by hand has a reason.
    if reason != "request" and started and now - started[-1] < rest:
        return f"the last training was started less than {settings.cooldown_hours:g} hours before"
    return None
