"""How often the gate lets models of known quality pass: its operating characteristics, by simulation.

`python -m tests.bench.gate` (`make bench-gate`). Rows are drawn from the shipped table, with replacement.
Their true chances are those a logistic regression gave them when they were held out, their outcomes are drawn
from these chances. Each simulated model says the true log-odds plus normal noise of
its own: the more noise, the more log loss above that of the truth. The champion's noise costs it 0.03 nats; a
challenger's is as strong as it takes to be as good, or worse or better by the nats that its name says.
Champion and challenger share much of their errors (correlation 0.7), because they learn from much the same
rows. So the losses of two equal models differ by 0.20 nats a row (standard deviation). Pairs trained on the
real table differ by 0.15 (gradient boosting twice, each on a sample of 80 % of the rows) to 0.25 (gradient
boosting and logistic regression).

A model that is noise says the share of positive outcomes, with normal noise of 0.3 in its log-odds. Every
decision is made by `training.gate.rules.judge`, on a fresh holdout.
"""

import argparse
import os
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from time import perf_counter
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import cross_val_predict
from threadpoolctl import threadpool_limits

from tests.support.titanic import SCHEMA, TABLE
from training.estimators.candidates import candidates
from training.gate.rules import Limits, Rival, Rows, judge
from training.model.evaluation import members
from training.table.dataset import load_dataset
from training.table.matrix import Matrix

Floats = npt.NDArray[np.float64]

SIZES = (262, 1_000, 10_000)
COST_OF_CHAMPION = 0.03
CORRELATION = 0.7
NOISE_ALONE = 0.3
# The groups of a slice, of which one is served worse.
PCLASS = SCHEMA.names.index("pclass")
ALL, WORST, OTHERS = (1, 2, 3), (2,), (1, 3)


class Population(NamedTuple):
    """matrix: [N, 8] as in `Dataset.matrix`; odds: the true log-odds, [N]."""

    matrix: Matrix
    odds: Floats


@lru_cache(maxsize=1)
def population() -> Population:
    dataset = load_dataset(TABLE, SCHEMA)
    model = candidates(SCHEMA.features, len(dataset.matrix))["logistic regression"]
    with threadpool_limits(1):
        both = cross_val_predict(model, dataset.matrix, dataset.outcome, cv=10, method="predict_proba")
    chances = both[:, 1]
    return Population(dataset.matrix, np.log(chances / (1 - chances)))


def probability(odds: Floats) -> Floats:
    chances: Floats = 1 / (1 + np.exp(-odds))
    return chances


def cost(noise: float, classes: Sequence[int] = ALL) -> float:
    """The log loss that noise of this standard deviation adds to the truth's, in nats, in these classes."""
    matrix, odds = population()
    odds = np.repeat(odds[np.isin(matrix[:, PCLASS], classes)], 200)
    truth = probability(odds)
    said = probability(odds + noise * np.random.default_rng(0).normal(size=len(odds)))
    divergence = truth * np.log(truth / said) + (1 - truth) * np.log((1 - truth) / (1 - said))
    return float(divergence.mean())


@lru_cache
def noise_that_costs(nats: float, classes: tuple[int, ...] = ALL) -> float:
    low, high = 0.0, 10.0
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if cost(middle, classes) < nats else (low, middle)
    return low


# The log-odds a challenger says, of rows, their true log-odds and its errors: normal, correlated with the
# champion's.
Challenger = Callable[[Matrix, Floats, Floats], Floats]


def by(nats: float) -> Challenger:
    """A model whose log loss is that much worse than the champion's (negative: better)."""
    return lambda _, odds, errors: odds + noise_that_costs(COST_OF_CHAMPION + nats) * errors


def equal_but_for_one_class(matrix: Matrix, odds: Floats, errors: Floats) -> Floats:
    """As good as the champion on the whole: 0.10 nats worse for one class, and better for the others."""
    champion = noise_that_costs(COST_OF_CHAMPION)
    share = np.isin(population().matrix[:, PCLASS], WORST).mean()
    more = 0.10 * share / (1 - share)
    worse = noise_that_costs(cost(champion, WORST) + 0.10, WORST)
    better = noise_that_costs(cost(champion, OTHERS) - more, OTHERS)
    return odds + np.where(np.isin(matrix[:, PCLASS], WORST), worse, better) * errors


def noise_alone(_matrix: Matrix, odds: Floats, errors: Floats) -> Floats:
    share = float(probability(population().odds).mean())
    said: Floats = np.log(share / (1 - share)) + NOISE_ALONE * errors[np.argsort(odds, kind="stable")]
    return said


KINDS: dict[str, tuple[Challenger, bool]] = {
    "no better than noise, no champion": (noise_alone, False),
    "no better than noise": (noise_alone, True),
    "worse by 0.02": (by(0.02), True),
    "equal, 0.10 worse for one class": (equal_but_for_one_class, True),
    "equal, different errors": (by(0), True),
    "better by 0.02": (by(-0.02), True),
}


def decide(kind: str, rows: int, simulations: int, limits: Limits) -> Counter[str]:
    """How many of so many challengers passed ("passed"), and which rules held the others back."""
    challenger, has_champion = KINDS[kind]
    draw = np.random.default_rng([rows, list(KINDS).index(kind)])
    matrix, odds = population()
    rules: Counter[str] = Counter()
    with threadpool_limits(1):
        for _ in range(simulations):
            drawn = draw.integers(len(odds), size=rows)
            outcome = (draw.random(rows) < probability(odds[drawn])).astype(np.int64)
            theirs, own = draw.normal(size=(2, rows))
            champion = probability(odds[drawn] + noise_that_costs(COST_OF_CHAMPION) * theirs)
            errors = CORRELATION * theirs + np.sqrt(1 - CORRELATION**2) * own
            said = probability(challenger(matrix[drawn], odds[drawn], errors))
            against = Rival("champion", champion) if has_champion else None
            # Each draw is a row of its own, although two may have the same features.
            judged = Rows(
                outcome, np.arange(rows), members(matrix[drawn], SCHEMA), np.ones(rows, dtype=np.bool_)
            )
            decision = judge(judged, said, against, limits)
            rules["passed" if decision.promote else decision.rule.split("=")[0]] += 1
    return rules


def characteristics(simulations: int, workers: int, limits: Limits) -> dict[tuple[str, int], Counter[str]]:
    """`decide` for every kind and size, in so many processes."""
    cells = [(kind, rows) for kind in KINDS for rows in SIZES]
    with ProcessPoolExecutor(workers) as pool:
        jobs = {cell: pool.submit(decide, *cell, simulations, limits) for cell in cells}
        return {cell: job.result() for cell, job in jobs.items()}


def table(found: dict[tuple[str, int], Counter[str]], simulations: int) -> str:
    """The share that passed of each kind and size, then the rules that held the others back."""
    lines = [f"Passed, of {simulations:,} simulated challengers each, by rows held out:", ""]
    lines.append(f"{'challenger':36}" + "".join(f"{rows:>10,}" for rows in SIZES))
    for kind in KINDS:
        shares = (found[kind, rows]["passed"] / simulations for rows in SIZES)
        lines.append(f"{kind:36}" + "".join(f"{share:>10.1%}" for share in shares))
    lines += ["", "Held back, and by which rule:", ""]
    for (kind, rows), rules in found.items():
        held = ", ".join(
            f"{rule} {count / simulations:.1%}" for rule, count in rules.most_common() if rule != "passed"
        )
        lines.append(f"{kind:36}{rows:>10,}  {held or 'none'}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--simulations", type=int, default=500)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--margin", type=float, default=Limits().margin, help="nats of log loss")
    options = parser.parse_args()
    began = perf_counter()
    found = characteristics(options.simulations, options.workers, Limits(margin=options.margin))
    print(table(found, options.simulations))
    print(f"\n{perf_counter() - began:.0f} s in {options.workers} processes")


if __name__ == "__main__":
    main()
