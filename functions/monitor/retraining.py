"""Another model when it is due: a dataset is put together, and its upload does the rest."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.core.predictions.search import Fetch
from functions.core.registry.deployment import Champion
from functions.core.registry.manifest import Manifest
from functions.core.stats.records import Tally
from functions.core.storage.view import ModelStore
from functions.monitor.dataset import LostReference, build_dataset, schema_fingerprint
from functions.monitor.labelled import LabelIndex, Labelled, labeller_of, newest_labelled, read_label_index
from functions.monitor.pending import Pending, write_copy
from functions.monitor.report import Drift, LiveQuality, Reason, Training
from functions.monitor.settings import MonitorSettings
from functions.monitor.state import State, Tried

# What was trained longer ago than this holds up nothing.
_REMEMBERED = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class RetrainContext:
    """Inputs of the retrain decision. `answered`: the probabilities of the champion's predictions. `fetch`:
    as of `core.predictions.search.search`."""

    store: ModelStore
    settings: MonitorSettings
    before: State | None
    champion: Champion
    manifest: Manifest
    answered: Sequence[Tally]
    drift: Drift | None
    live: LiveQuality
    now: datetime
    fetch: Fetch | None = None

    def started(self, training: Training) -> list[datetime]:
        """When trainings were started lately, with this one if it is one of them."""
        started = [*self.before.started] if self.before else []
        if training.outcome == "uploaded":
            started.append(self.now)
        return [moment for moment in started if self.now - moment < _REMEMBERED]


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


def attempt_retrain(context: RetrainContext, *, requested: bool) -> Attempt:
    """Put a dataset together if one is due, it would have new rows, and nothing holds it up."""
    reason = _reason(context, requested=requested)
    if reason is None:
        return NOT_DUE
    # First: of labels that come while rows are read, it must not be said that they have been tried.
    index = read_label_index(context.store)
    inputs = inputs_fingerprint(context.manifest, index)
    last = context.before.tried if context.before else None
    # Who asks again has perhaps put back what was lost.
    if last and last.inputs == inputs and not (requested and last.training.outcome == "held"):
        # Once a week that is worth a report; drift and a bad quality stand as they are told of.
        return Attempt(_repeated(last.training, reason), last if reason == "weekly" else None)
    if why := _hindrance(context, reason):
        return Attempt(Training(reason=reason, outcome="held", why=why))
    schema = context.manifest.schema_of_rows
    labelled, waiting = newest_labelled(
        context.store, index, context.settings.max_labels, schema, context.fetch
    )
    training, pending = _put_together(context, labelled, reason)
    # Labels that wait are new rows once their predictions are found, whatever the names say.
    return Attempt(training, Tried(inputs="" if waiting else inputs, training=training), pending)


def inputs_fingerprint(champion: Manifest, index: LabelIndex) -> str:
    """A hash that changes when any row that a dataset could be made of does, or how it would be written."""
    facts = champion.dataset
    reference = facts.lineage.reference_sha256 if facts.lineage else facts.sha256
    text = f"{reference} {schema_fingerprint(champion)} {index.fingerprint}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _repeated(last: Training, reason: Reason) -> Training:
    """What is to be said when the same rows are asked for again."""
    changes: dict[str, str] = {"reason": reason}
    if last.outcome == "uploaded":
        why = "no outcome was reported since this dataset was put together"
        changes |= {"outcome": "unchanged", "why": why}
    return last.model_copy(update=changes)


def _put_together(
    context: RetrainContext, labelled: Sequence[Labelled], reason: Reason
) -> tuple[Training, Pending | None]:
    store = context.store
    if not labelled:
        why = "no logged prediction has an outcome: GET /feedback/queue says of which it would help most"
        return Training(reason=reason, outcome="unchanged", why=why), None
    try:
        dataset = build_dataset(store, context.manifest, labelled, context.answered, reason)
    except LostReference as error:
        return Training(reason=reason, outcome="held", why=f"{error}; upload a dataset"), None
    # When the state was deleted, or labels were corrected and corrected back.
    is_new = not any(store.list(dataset.key))
    training = Training(
        reason=reason,
        outcome="uploaded" if is_new else "unchanged",
        why="the upload starts a retrain" if is_new else "the same rows were uploaded before",
        dataset=store.full(dataset.key),
        labels=len(labelled),
        not_vouched=dict(Counter(filter(None, map(labeller_of, labelled)))),
    )
    return training, write_copy(store, dataset) if is_new else None


def _reason(context: RetrainContext, *, requested: bool) -> Reason | None:
    """Why another model is due; None when it is not. A week begins anew with every champion."""
    if requested:
        return "request"
    if context.drift and context.drift.confirmed:
        return "drift"
    if context.live.fallen:
        return "quality"
    if context.before is None:
        return None
    since = max(context.before.considered, context.champion.promoted_at)
    due = context.now - since >= timedelta(days=context.settings.retrain_days)
    return "weekly" if due else None


def _hindrance(context: RetrainContext, reason: Reason) -> str | None:
    """Why a model that is due has to wait: what no retrain mends would be retrained for ever."""
    started = context.before.started if context.before else []
    settings, now = context.settings, context.now
    today = [moment for moment in started if now - moment < timedelta(days=1)]
    if len(today) >= settings.max_trainings_a_day:
        return f"{len(today)} trainings were started within a day, as many as may be"
    cooldown = timedelta(hours=settings.cooldown_hours)
    # Who asks for one by hand has a reason.
    if reason != "request" and started and now - started[-1] < cooldown:
        return f"the last training was started less than {settings.cooldown_hours:g} hours before"
    return None
