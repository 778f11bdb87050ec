"""Outcomes as they are sent: read, and checked. What becomes of them: `feedback.recording`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from functions.core.base.errors import InvalidInput
from functions.core.base.ids import time_of
from functions.core.base.texts import MAX_NOTE, read_lines
from functions.core.predictions.labels import SOURCE, source_of
from functions.core.schema.names import own_names
from functions.core.schema.schema import Schema, fold
from functions.feedback.faults import DOES_NOT_FIT, Fault, fault, matches

MAX_OUTCOMES = 1_000
ID_RULE = "a prediction id is a UUID of version 7: the prediction_id of an answer"
FOREIGN = "is no prediction of this round"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What really happened. outcome: whether the target had its positive value; None where who says so does
    not know. source: the name that the caller gives; None for the key alone."""

    prediction_id: str
    outcome: bool | None
    source: str | None
    note: str = ""


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
            message = f"says who does not know: send it without `{self.target.name}`"
            self.faults.append(fault([*loc, self._unsure], message, "contradiction"))
        return unsure is True

    def _read_note(self, given: Mapping[str, object], loc: list[str | int]) -> str:
        note = given.get(self.note)
        if note is None:
            return ""
        text = read_lines(note, MAX_NOTE) if isinstance(note, str) else None
        if text is None:
            message = f"must be a text of up to {MAX_NOTE} printable characters"
            self.faults.append(fault([*loc, self.note], message, "note"))
        return text or ""

    def _read_source(self, given: Mapping[str, object], loc: list[str | int]) -> str | None:
        source = given.get(self._source)
        if source is None:
            return None
        if not matches(SOURCE, source):
            message = (
                "must be a name of up to 64 letters, digits and . _ @ -, beginning with a letter or digit"
            )
            self.faults.append(fault([*loc, self._source], message, "source"))
        return str(source)


def read_id(text: str) -> str:
    """A prediction id as it stands in the log. Raises `ValueError`."""
    time_of(text)
    return str(UUID(text))


def foreign_faults(places: Sequence[int], *, many: bool) -> list[Fault]:
    """The faults of outcomes at these places that are of no prediction of the round; many: in a list."""
    return [
        fault(["body", *(["many", place] if many else ["one"]), "prediction_id"], FOREIGN, "round")
        for place in places
    ]


def contradictions(outcomes: Sequence[Outcome], key_id: str) -> list[int]:
    """Which of the outcomes are not what their source says of the prediction before."""
    outcomes_by_source: dict[tuple[str, str], bool | None] = {}
    return [
        index
        for index, outcome in enumerate(outcomes)
        if outcomes_by_source.setdefault(
            (outcome.prediction_id, source_of(key_id, outcome.source)), outcome.outcome
        )
        is not outcome.outcome
    ]
