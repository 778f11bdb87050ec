"""How often clean windows raise an alarm, and which changes are found: drift by simulation.

`python -m tests.bench.drift` (`make bench-drift`). A model is fitted on one half of the passengers; the
others are the world. From these, each simulation draws with replacement a dataset of 1,309 rows and its
holdout of 262, and makes the reference that a champion's manifest would hold. Then come windows: of the same
passengers, and of changed ones, scored by the same model. They are judged by the functions that the monitor
calls, under their default limits. As every simulation has a reference of its own, the rates are those over
datasets, not the luck of one.

For the windows after a retrain, another model scores passengers first; some are labelled in the order of the
queue, and those that the monitor marks as representative go into the reference with the dataset. The model
for which that is the reference should be fitted on the labels, too, but then it would know the passengers of
the windows: it is fitted on twice as many of the first half instead.
"""

import argparse
import os
from collections import Counter
from collections.abc import Collection, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from functions.core.predictions.records import PredictionRecord
from functions.core.registry.manifest import Manifest
from functions.core.stats.distributions import bins_of
from functions.core.stats.records import Distribution, Tally
from functions.feedback.sampling import choose
from functions.monitor.data_quality import DataLimits, data_quality
from functions.monitor.drift import DriftLimits, feature_drift
from functions.monitor.labelled import Labelled
from functions.monitor.thinning import representative
from tests.bench import drift_of_ties
from tests.support.titanic import SCHEMA, TABLE
from training.estimators.candidates import candidates
from training.estimators.gaps import fit
from training.model.reference import reference as reference_of
from training.table.dataset import load_dataset
from training.table.matrix import HOLDOUT_SHARE, Matrix

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

AGE, FARE, PCLASS = map(SCHEMA.names.index, ("age", "fare", "pclass"))

SIZES = (100, 300, 1_000, 5_000, 10_000)
BATCH = 50
DATASET_ROWS, HOLDOUT_ROWS = 1_309, 262
TRAFFIC_ROWS, LABELS, AT_RANDOM = 4_000, 700, 0.25
CLEAN = "the same passengers"
RETRAINED = f"the same, after {LABELS} labels"


class World(NamedTuple):
    """Passengers that windows are drawn from.

    matrix: [P, 8] as in `Dataset.matrix`; probability: the model's, [P]; before: that of the model that the
    labelled ones were chosen by, [P]; weight: the chance of each to be drawn, [P].
    """

    matrix: Matrix
    probability: Floats
    before: Floats
    weight: Floats


@lru_cache(maxsize=1)
def worlds() -> dict[str, World]:
    """The passengers as they were, and changed in one way each."""
    dataset = load_dataset(TABLE, SCHEMA)
    order = np.random.default_rng(0).permutation(len(dataset.matrix))
    fitted, strangers = np.array_split(order, 2)
    model, before = (
        fit(
            candidates(SCHEMA.features, len(rows))["gradient boosting"],
            dataset.matrix[rows],
            dataset.outcome[rows],
            SCHEMA.features,
        )
        for rows in (fitted, fitted[::2])
    )
    matrix = dataset.matrix[strangers]
    third = matrix[:, PCLASS] == 3

    def world(column: npt.NDArray[np.float32] | None = None, at: int = AGE, fewer: float = 0) -> World:
        changed = matrix.copy()
        if column is not None:
            changed[:, at] = column
        # Fewer third-class passengers, by that share of all.
        weight = np.where(third, 1 - fewer / third.mean(), 1 + fewer / (~third).mean())
        chances, then = (one.predict_proba(changed)[:, 1] for one in (model, before))
        return World(changed, chances, then, weight / weight.sum())

    age, fare = matrix[:, AGE], matrix[:, FARE]
    forgotten = np.random.default_rng(1).random(len(matrix)) < 0.2
    return {
        CLEAN: world(),
        "3 years older": world(age + 3),
        "5 years older": world(age + 5),
        "10 years older": world(age + 10),
        "third class 10 % of all fewer": world(fewer=0.1),
        "third class 20 % of all fewer": world(fewer=0.2),
        "fares higher by a quarter": world(fare * np.float32(1.25), FARE),
        "one age in five no longer given": world(np.where(forgotten, np.float32(np.nan), age)),
    }


def reference(matrix: Matrix, probability: Floats) -> dict[str, Distribution]:
    """What a manifest would hold of these rows."""
    return reference_of(matrix, probability, SCHEMA)


class Bins(NamedTuple):
    """counted: [P, B], which of all features' bins each passenger falls into; outside: [P, F], which values
    lie outside the reference's range; where the bins of each feature are among the B."""

    counted: Floats
    outside: Floats
    where: dict[str, slice]


def binned(world: World, known: Mapping[str, Distribution]) -> Bins:
    """Every passenger's bins: a window is then one multiplication, whatever its rows."""
    parts, outside, where = [], [], {}
    at = 0
    for name, distribution in known.items():
        values = world.probability if name == "probability" else world.matrix[:, SCHEMA.names.index(name)]
        size = len(distribution.counts)
        if distribution.categories is None:
            bins = bins_of(values, np.array(distribution.edges))
        else:
            bins = np.nan_to_num(values, nan=size - 1).astype(np.intp)
        parts.append(np.eye(size)[bins])
        least, most = distribution.least or 0, distribution.most or np.inf
        outside.append((values < least) | (values > most))
        where[name] = slice(at, at + size)
        at += size
    return Bins(np.hstack(parts), np.array(outside, dtype=np.float64).T, where)


def window(bins: Bins, drawn: Floats) -> dict[str, Tally]:
    """The tallies of a window in which each passenger of the world is `drawn` so many times."""
    counts, outside = (drawn @ bins.counted).astype(int), (drawn @ bins.outside).astype(int)
    return {
        name: Tally(counts=counts[part].tolist(), outside=int(beyond))
        for (name, part), beyond in zip(bins.where.items(), outside, strict=True)
    }


def retrained(
    clean: World, dataset: Ints, holdout: Ints, random: np.random.Generator
) -> dict[str, Distribution]:
    """The reference of the next model: of the dataset, and of those of the labelled that stand for all."""
    bins = reference(clean.matrix[dataset], clean.before[holdout])["probability"]
    asked = random.integers(len(clean.matrix), size=TRAFFIC_ROWS)
    ids = [f"{id_:012x}" for id_ in random.integers(16**12, size=TRAFFIC_ROWS).tolist()]
    chances = clean.before[asked]
    answered = Tally(
        counts=np.bincount(bins_of(chances, np.array(bins.edges)), minlength=len(bins.counts)).tolist()
    )
    labelled = [
        Labelled(one.prediction_id, "", one.probability, {}, outcome=True, source="")
        for one, _ in choose([*map(_record, ids, chances.tolist())], LABELS, share=AT_RANDOM)
    ]
    marks = representative(_champion(bins), labelled, [answered])
    passengers = dict(zip(ids, asked, strict=True))
    kept = np.array([passengers[labelled[at].prediction_id] for at in np.flatnonzero(marks)])
    held_out = kept[random.random(len(kept)) < HOLDOUT_SHARE]
    return reference(clean.matrix[np.append(dataset, kept)], clean.probability[np.append(holdout, held_out)])


def _record(id_: str, chance: float) -> PredictionRecord:
    # To make a whole one of each of millions would take most of the time.
    known: dict[str, Any] = {"prediction_id": id_, "probability": chance}
    return PredictionRecord.model_construct(**known)


def _champion(bins: Distribution) -> Manifest:
    known: dict[str, Any] = {"version": "", "reference": {"probability": bins}}
    return Manifest.model_construct(**known)


def kinds() -> list[str]:
    """What windows there are, in the order of the table."""
    clean, *changed = worlds()
    return [clean, RETRAINED, *changed]


def alarms(
    seed: int, drift: DriftLimits, data: DataLimits, *, of: Collection[str] | None = None
) -> Counter[tuple[str, int]]:
    """How many of `BATCH` windows of each world and size raise an alarm.

    of: the kinds of windows to simulate; all of them when left out.
    """
    of = kinds() if of is None else of
    random = np.random.default_rng(seed)
    raised: Counter[tuple[str, int]] = Counter()
    with threadpool_limits(1):
        clean = worlds()[CLEAN]
        for _ in range(BATCH):
            dataset = random.integers(len(clean.matrix), size=DATASET_ROWS)
            holdout = random.integers(len(clean.matrix), size=HOLDOUT_ROWS)
            known = reference(clean.matrix[dataset], clean.probability[holdout])
            cases = [(kind, world, known) for kind, world in worlds().items() if kind in of]
            if RETRAINED in of:
                cases.append((RETRAINED, clean, retrained(clean, dataset, holdout, random)))
            for kind, world, expected in cases:
                bins = binned(world, expected)
                for rows in SIZES:
                    tallies = window(bins, random.multinomial(rows, world.weight).astype(np.float64))
                    drifts = any(found.alarm for found in feature_drift(expected, tallies, drift).values())
                    raised[kind, rows] += drifts or bool(data_quality(expected, tallies, data).alarms)
    return raised


def characteristics(
    simulations: int, workers: int, drift: DriftLimits, data: DataLimits
) -> dict[tuple[str, int], float]:
    """The share of windows of each world and size that raise an alarm, in the order of both."""
    with ProcessPoolExecutor(workers) as pool:
        batches = range(simulations // BATCH)
        raised = sum(pool.map(partial(alarms, drift=drift, data=data), batches), Counter[tuple[str, int]]())
    return {(kind, rows): raised[kind, rows] / (len(batches) * BATCH) for kind in kinds() for rows in SIZES}


def table(found: Mapping[tuple[str, int], float], simulations: int) -> str:
    head = f"Windows that raise an alarm, of {simulations:,} each, by their rows:\n"
    sizes = f"{'':34}" + "".join(f"{rows:>9,}" for rows in SIZES)
    shares = (f"{kind:34}" + "".join(f"{found[kind, rows]:>9.1%}" for rows in SIZES) for kind in kinds())
    return "\n".join([head, sizes, *shares])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--simulations", type=int, default=500, help=f"a multiple of {BATCH}")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--min-rows", type=int, default=DriftLimits().min_rows)
    parser.add_argument("--min-psi", type=float, default=DriftLimits().min_psi)
    options = parser.parse_args()
    if options.simulations < BATCH or options.simulations % BATCH:
        parser.error(f"simulations are made {BATCH} at a time: {options.simulations} is no multiple of it")
    began = perf_counter()
    drift = DriftLimits(min_rows=options.min_rows, min_psi=options.min_psi)
    found = characteristics(
        options.simulations, options.workers, drift, DataLimits(min_rows=options.min_rows)
    )
    print(table(found, options.simulations))
    print(f"\n{drift_of_ties.table(options.simulations, drift)}")
    print(f"\n{perf_counter() - began:.0f} s in {options.workers} processes")


if __name__ == "__main__":
    main()
