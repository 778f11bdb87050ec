"""A day of the prediction log of many models, made up by a seed, as predict writes and Firehose ships it."""

import io
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from functions.core.base.ids import new_ids
from functions.core.predictions.records import folder
from functions.core.predictions.writing import PredictionLog
from functions.core.schema.columns import to_columns
from functions.core.schema.rows import RowReader
from functions.core.stats.distributions import of_numbers
from functions.core.storage.contract import Store
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from tests.support.production import refusal_line
from tests.support.titanic import SCHEMA, TABLE, people
from tests.support.versions import promote, publish
from training.model.reference import reference
from training.table.dataset import load_dataset

# What template.yaml tells Firehose: after so long, or when there is so much, it writes an object.
FIREHOSE_TIME = timedelta(minutes=5)
FIREHOSE_BYTES = 16 * 2**20
# Of a day: at its height twice as many predictions come as at its end.
_WAVE = 1 / 3
_PASSENGERS = 1_000
_REFUSED = 0.002
# Of the objects.
_DAMAGED_ONE_IN = 20
# Of five minutes, in which predictions are made.
_INSTANTS = 50
# Gaps in lines that are made up once for all objects: the time, the same in an id, an object's own requests.
_TIME, _MADE, _OBJECT = "@time", "@made", "@object"
_DAMAGED = b'{"timestamp":"2026-11-01T00:00:00.000+00:00","level":"INFO","mess\n'


@dataclass(slots=True)
class Written:
    """What lies in the log: predictions by model, damaged lines, objects, bytes.

    ids: of some predictions of each model, oldest first.
    """

    predictions: Counter[str] = field(default_factory=Counter)
    damaged: int = 0
    objects: int = 0
    size: int = 0
    ids: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


def names_of(models: int) -> list[str]:
    return [f"table-{number:04}" for number in range(models)]


def version_of(name: str) -> str:
    return f"{int(name.rpartition('-')[2]):016x}"


def publish_models(store: Store, names: list[str]) -> None:
    """Have each of these models in service: with the Titanic's schema, and its reference distributions."""
    dataset = load_dataset(TABLE, SCHEMA)
    random = np.random.default_rng(0)
    known = reference(dataset.matrix, random.beta(1, 1.5, len(dataset.matrix)), SCHEMA)
    known["fare"] = of_numbers(_fares(random, 10_000))
    for name in names:
        view = ModelStore(store, name)
        publish(view, version_of(name), reference=known)
        promote(view, version_of(name))


def write_log(
    store: FolderStore, names: list[str], predictions: int, start: datetime, end: datetime, seed: int = 0
) -> Written:
    """Ship about so many predictions made from `start` to `end`: more by day, more of the first models.

    The model of rank r gets 1/(r + 4) of all, relatively: of fifty the first has 9 %, the last 0.7 %. Of the
    lines, some are refusals, a few are damaged. Of five minutes the lines are made up, and all others are
    like these, but for when they were made: their ids, times and requests.
    """
    random = np.random.default_rng(seed)
    written = Written()
    intervals = max(1, round((end - start) / FIREHOSE_TIME))
    moments = [start + (end - start) * number / intervals for number in range(intervals + 1)]
    day = np.array([(moment.timestamp() % 86_400) / 86_400 for moment in moments[:-1]])
    rates = 1 + _WAVE * np.sin(2 * np.pi * day)
    counts = np.rint(predictions * rates / rates.sum() / _INSTANTS).astype(int)
    lines = _Lines(names, int(counts.max()), random)
    for count, begins, ends in zip(counts.tolist(), moments[:-1], moments[1:], strict=True):
        for body in lines.objects(count, begins, ends, written):
            key = f"{folder(begins)}lifeboat-{begins:%H-%M-%S}-{written.objects:06}.jsonl"
            store.put(key, body)
            # Who looks for a record goes by the time at which objects were written.
            os.utime(store._path(key), (ends.timestamp(), ends.timestamp()))
            written.objects += 1
            written.size += len(body)
    return written


def _fares(random: np.random.Generator, count: int) -> npt.NDArray[np.float32]:
    return np.round(random.lognormal(2.9, 1, count), 2).astype(np.float32)


class _Lines:
    """The lines of five minutes: so many of each of some instants, with gaps for what the time tells."""

    def __init__(self, names: list[str], count: int, random: np.random.Generator) -> None:
        self._names = names
        self._random = random
        weights = 1 / (np.arange(len(names)) + 4)
        self._models = random.choice(len(names), size=(_INSTANTS, count), p=weights / weights.sum())
        self._refused = random.random((_INSTANTS, count)) < _REFUSED
        self._ends = [[_end(random) for _ in range(count)] for _ in range(_INSTANTS)]
        written = [_written(name) for name in names]
        # From the id on, lines of all models are alike.
        heads, tails = [head for head, _ in written], written[0][1]
        self._lines = []
        for models, refused, ends in zip(self._models.tolist(), self._refused, self._ends, strict=True):
            passengers = random.integers(_PASSENGERS, size=count).tolist()
            probabilities = random.beta(1, 1.5, count).astype(np.float32).tolist()
            fares, took = _fares(random, count).tolist(), random.lognormal(1, 0.6, count).tolist()
            lines = [
                heads[models[row]] % (_TIME, f"{_OBJECT}{ends[row][:11]}", took[row])
                + tails[passengers[row]] % (f"{_MADE}{ends[row]}", probabilities[row], fares[row])
                for row in range(count)
            ]
            for row in np.flatnonzero(refused).tolist():
                [id_] = new_ids(1)
                refusal = refusal_line(id_, 3, model=names[models[row]], age=2, other=1).decode()
                lines[row] += refusal.replace(id_, f"{_MADE}{ends[row]}")
            self._lines.append([line.encode() for line in lines])

    def objects(self, count: int, start: datetime, end: datetime, written: Written) -> Iterator[bytes]:
        """What Firehose makes of so many lines of each instant: an object, or several if it is too much."""
        own = self._random.bytes(2).hex()
        body = b""
        for number, lines in enumerate(self._lines):
            moment = start + (end - start) * (number + 0.5) / _INSTANTS
            made = _made(moment)
            text = b"".join(lines[:count])
            gaps = {_TIME: moment.isoformat(timespec="milliseconds"), _MADE: made, _OBJECT: own}
            for gap, value in gaps.items():
                text = text.replace(gap.encode(), value.encode())
            body += text
            self._note(number, count, made, written)
            if len(body) >= FIREHOSE_BYTES:
                yield body
                body = b""
        if written.objects % _DAMAGED_ONE_IN == 0:
            body += _DAMAGED
            written.damaged += 1
        yield body

    def _note(self, number: int, count: int, made: str, written: Written) -> None:
        shares = np.bincount(self._models[number, :count], minlength=len(self._names)).tolist()
        written.predictions.update(dict(zip(self._names, shares, strict=True)))
        # Of each model, the last one of the instant.
        last = dict(zip(self._models[number, :count].tolist(), self._ends[number][:count], strict=True))
        for model, end in last.items():
            written.ids[self._names[model]].append(f"{made}{end}")


def _end(random: np.random.Generator) -> str:
    """An id behind its time."""
    digits = random.bytes(9).hex()
    return f"-7{digits[:3]}-a{digits[3:6]}-{digits[6:]}"


def _made(moment: datetime) -> str:
    """An id up to its end."""
    digits = f"{int(moment.timestamp() * 1000):012x}"
    return f"{digits[:8]}-{digits[8:]}"


def _written(name: str) -> tuple[str, list[str]]:
    """What stands before the id in a line of this model, with %s for what is new in each; and what follows,
    of each passenger."""
    [id_] = new_ids(1)
    reader = RowReader(SCHEMA)
    rows = [reader.read(one | {"fare": 0.125}).values for one, _ in people(_PASSENGERS)]
    log = PredictionLog(SCHEMA, name, version_of(name))
    with redirect_stdout(io.StringIO()) as out:
        log.write(
            to_columns(rows, SCHEMA),
            [id_] * len(rows),
            [0.0625] * len(rows),
            share=1,
            key_id="0123456789abcdef",
            request_id="REQUEST",
            took_ms=0.25,
        )
    lines = [line.partition(',"prediction_id":') for line in out.getvalue().splitlines(keepends=True)]
    head = lines[0][0]
    head = f'{{"timestamp":"%s"{head[head.index(",") :]}'.replace("REQUEST", "%s").replace("0.25", "%.2f")
    tails = [f"{key}{rest}".replace("%", "%%").replace(id_, "%s") for _, key, rest in lines]
    return head, [tail.replace("0.0625", "%.8g").replace("0.125", "%.8g") for tail in tails]
