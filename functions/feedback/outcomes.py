"""Outcomes as they are sent, and what becomes of each."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from functions.core.base.errors import InvalidInput
from functions.core.base.ids import time_of
from functions.core.base.texts import MAX_NOTE, read_lines
from functions.core.predictions import labels
from functions.core.predictions.labels import SOURCE, Label, source_of
from functions.core.predictions.unsure import record_unsure
from functions.core.schema.names import own_names
from functions.core.schema.schema import Schema, fold
from functions.core.schema.target import Target
from functions.core.storage.contract import Store
from functions.feedback.faults import DOES_NOT_FIT, Fault, fault, matches
from functions.feedback.log_reader import LogReader

MAX_OUTCOMES = 1_000
# The log is listed by the days of predictions. A record may lie in the hour before its own, or the next: so
# twice as many listings are the most that it takes.
MAX_DAYS = 31
ID_RULE = "a prediction id is a UUID of version 7: the prediction_id of an answer"
UNKNOWN = (
    "there is no record of a prediction {id} of this model; records arrive some minutes after the answer, so "
    "try again later, and where only a share of the predictions is logged, the others have none"
)
UNDECIDED = (
    "a record of prediction {id} was not found in as much of the log as one request reads: if others were "
    "sent with it, send it again, with fewer"
)
FOREIGN = "is no prediction of this round"
_WRITTEN_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Outcome:
    """What really happened. outcome: whether the target had its positive value; None where who says so does
    not know. source: the name that the caller gives; None for the key alone."""

    prediction_id: str
    outcome: bool | None
    source: str | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an outcome: `recorded`, `repeated` (this source had said so) or `unknown` prediction:
    `error` says whether there is no record of it, or none was found in as much of the log as was read.
    outcome: None where who says so does not know."""

    prediction_id: str
    status: Literal["recorded", "repeated", "unknown"]
    outcome: bool | None
    source: str
    labelled_at: datetime | None = None
    error: str | None = None

    def answer(self, target: Target) -> dict[str, Any]:
        """The receipt with the outcome under the target's name, in the target's words."""
        moment = self.labelled_at
        names = own_names(("prediction_id", "status", "source", "labelled_at", "error"), {fold(target.name)})
        return {
            names["prediction_id"]: self.prediction_id,
            names["status"]: self.status,
            target.name: None if self.outcome is None else target.answers[self.outcome],
            names["source"]: self.source,
            names["labelled_at"]: moment and moment.isoformat().replace("+00:00", "Z"),
            names["error"]: self.error,
        }


def read_outcomes(body: Mapping[str, object] | Sequence[object], schema: Schema) -> list[Outcome]:
    """The outcomes of a body, which is one or a list. Raises `InvalidInput` with every fault."""
    reader = OutcomeReader(schema)
    if isinstance(body, Mapping):
        outcomes = [reader.read(body, ["body", "one"])]
    else:
        outcomes = [reader.read(item, ["body", "many", index]) for index, item in enumerate(body)]
    if reader.faults:
        raise InvalidInput(DOES_NOT_FIT, reader.faults)
    # Where there is no fault, there is an outcome.
    return [outcome for outcome in outcomes if outcome]


class OutcomeReader:
    """Reads outcomes of one schema's target, and collects what is wrong with them."""

    def __init__(self, schema: Schema) -> None:
        self.target = schema.target
        self._spellings = schema.target_spellings
        names = own_names(("prediction_id", "source", "note", "unsure"), {fold(schema.target.name)})
        self.id, self._source = names["prediction_id"], names["source"]
        self.note, self._unsure = names["note"], names["unsure"]
        self.faults: list[Fault] = []

    def read(self, item: object, loc: list[str | int]) -> Outcome | None:
        """An outcome; None, and the faults, where it is none."""
        if not isinstance(item, Mapping):
            self.faults.append(fault(loc, f"must be an object; {self._wanted()}", "object"))
            return None
        before = len(self.faults)
        given: dict[str, object] = {}
        for key, value in item.items():
            name = self._name(key)
            if name is None:
                self.faults.append(
                    fault([*loc, key], f"is nothing of an outcome; {self._wanted()}", "unknown")
                )
            elif name in given:
                self.faults.append(fault([*loc, key], "is given twice, in two spellings", "repeated"))
            else:
                given[name] = value
        id_ = self._prediction_id(given, loc)
        unsure = self._is_unsure(given, loc)
        code = None if unsure else self._code(given, loc)
        source = self._read_source(given, loc)
        note = self._read_note(given, loc)
        if len(self.faults) > before or id_ is None or (code is None and not unsure):
            return None
        return Outcome(id_, None if code is None else bool(code), source, note)

    def _wanted(self) -> str:
        return (
            f"send `{self.id}`, `{self.target.name}`: {self.target.in_words()}, and, if it is not you who "
            f"says so, `{self._source}`; a `{self.note}`, if there is one; `{self._unsure}`: true in place "
            f"of `{self.target.name}` from who does not know"
        )

    def _name(self, key: str) -> str | None:
        if key in (self.id, self._source, self.note, self._unsure):
            return key
        return self.target.name if fold(key) in self._spellings else None

    def _prediction_id(self, given: Mapping[str, object], loc: list[str | int]) -> str | None:
        if self.id not in given:
            self.faults.append(fault([*loc, self.id], "is required", "missing"))
            return None
        value = given[self.id]
        try:
            if isinstance(value, str):
                return read_id(value)
        except ValueError:
            pass
        self.faults.append(fault([*loc, self.id], ID_RULE, "prediction_id"))
        return None

    def _code(self, given: Mapping[str, object], loc: list[str | int]) -> int | None:
        name = self.target.name
        if name not in given:
            self.faults.append(fault([*loc, name], f"is required: {self.target.in_words()}", "missing"))
            return None
        code = self.target.code(given[name])
        if code is None:
            self.faults.append(fault([*loc, name], f"must be {self.target.in_words()}", "outcome"))
        return code

    def _is_unsure(self, given: Mapping[str, object], loc: list[str | int]) -> bool:
        unsure = given.get(self._unsure)
        if unsure is not None and not isinstance(unsure, bool):
            self.faults.append(fault([*loc, self._unsure], "must be true or false", "boolean"))
        if unsure is True and self.target.name in given:
            said = f"says who does not know: send it without `{self.target.name}`"
            self.faults.append(fault([*loc, self._unsure], said, "contradiction"))
        return unsure is True

    def _read_note(self, given: Mapping[str, object], loc: list[str | int]) -> str:
        note = given.get(self.note)
        if note is None:
            return ""
        text = read_lines(note, MAX_NOTE) if isinstance(note, str) else None
        if text is None:
            said = f"must be a text of up to {MAX_NOTE} printable characters"
            self.faults.append(fault([*loc, self.note], said, "note"))
        return text or ""

    def _read_source(self, given: Mapping[str, object], loc: list[str | int]) -> str | None:
        source = given.get(self._source)
        if source is None:
            return None
        if not matches(SOURCE, source):
            said = "must be a name of up to 64 letters, digits and . _ @ -, beginning with a letter or digit"
            self.faults.append(fault([*loc, self._source], said, "source"))
        return str(source)


def read_id(text: str) -> str:
    """A prediction id as it stands in the log. Raises `ValueError`."""
    time_of(text)
    return str(UUID(text))


def report(
    store: Store,
    log: LogReader,
    outcomes: Sequence[Outcome],
    target: Target,
    *,
    key_id: str,
    request_id: str,
    vouched: bool = False,
) -> list[Receipt]:
    """Keep the outcomes of all predictions that are found in the log. Returns a receipt for each, in order.

    vouched: whether the key has the scope `admin` (`core.predictions.labels`). Of several outcomes of one
    prediction the last one counts. Whatever fails midway, sending all of them
    again keeps each once: so they must not contradict themselves. Raises `InvalidInput` when one source says
    two things of a prediction, or they are of more than `MAX_DAYS` days.
    """
    _refuse_contradictions(outcomes, target, key_id)
    _refuse_many_days(outcomes)
    known, undecided = log.known(outcome.prediction_id for outcome in outcomes)
    places: dict[str, list[int]] = {}
    for index, outcome in enumerate(outcomes):
        places.setdefault(outcome.prediction_id, []).append(index)
    receipts: dict[int, Receipt] = {}

    def record(id_: str) -> None:
        # One after the other: they are numbered in this order.
        for index in places[id_]:
            name, outcome = outcomes[index].source, outcomes[index].outcome
            if id_ not in known:
                error = (UNDECIDED if id_ in undecided else UNKNOWN).format(id=id_)
                receipts[index] = Receipt(id_, "unknown", outcome, source_of(key_id, name), error=error)
                continue
            note = outcomes[index].note
            if outcome is None:
                when, new = record_unsure(
                    store, id_, key_id=key_id, request_id=request_id, source=name, note=note
                )
                status: Literal["recorded", "repeated"] = "recorded" if new else "repeated"
                receipts[index] = Receipt(id_, status, None, source_of(key_id, name), when)
                continue
            label, new = labels.record(
                store,
                id_,
                outcome=outcome,
                key_id=key_id,
                request_id=request_id,
                source=name,
                vouched=vouched,
                note=note,
            )
            receipts[index] = _receipt(label, new)

    with ThreadPoolExecutor(_WRITTEN_AT_ONCE) as writers:
        # A list, so that what a writer raises is raised here.
        list(writers.map(record, places))
    return [receipts[index] for index in range(len(outcomes))]


def _refuse_contradictions(outcomes: Sequence[Outcome], target: Target, key_id: str) -> None:
    """Sent again, the first of two contradictory outcomes would look like a correction of the second."""
    msg = "the same source says something else of this prediction before"
    faults = [
        fault(["body", "many", index, target.name], msg, "contradiction")
        for index in contradictions(outcomes, key_id)
    ]
    if faults:
        raise InvalidInput("a source says two things of one prediction: send the one that counts", faults)


def foreign_faults(places: Sequence[int], *, many: bool) -> list[Fault]:
    """The faults of outcomes at these places that are of no prediction of the round; many: in a list."""
    return [
        fault(["body", *(["many", place] if many else ["one"]), "prediction_id"], FOREIGN, "round")
        for place in places
    ]


def contradictions(outcomes: Sequence[Outcome], key_id: str) -> list[int]:
    """Which of the outcomes are not what their source says of the prediction before."""
    said: dict[tuple[str, str], bool | None] = {}
    return [
        index
        for index, outcome in enumerate(outcomes)
        if said.setdefault((outcome.prediction_id, source_of(key_id, outcome.source)), outcome.outcome)
        is not outcome.outcome
    ]


def _refuse_many_days(outcomes: Sequence[Outcome]) -> None:
    days = {labels.day_of(outcome.prediction_id) for outcome in outcomes}
    if len(days) > MAX_DAYS:
        msg = (
            f"the outcomes are of predictions of {len(days)} different days, and one request takes those of "
            f"{MAX_DAYS}: sort them by prediction_id, which begins with its time, and send them in parts"
        )
        raise InvalidInput(msg, [fault(["body", "many"], msg, "days")])


def _receipt(label: Label, new: bool) -> Receipt:
    return Receipt(
        prediction_id=label.prediction_id,
        status="recorded" if new else "repeated",
        outcome=label.outcome,
        source=label.source,
        labelled_at=label.labelled_at,
    )
