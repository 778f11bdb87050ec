"""Whether rows, or what the model says of them, are distributed otherwise than the champion expects.

Everything is computed from counts in the champion's own bins (`core.stats.distributions`), the missing
values being a bin like any other. So windows can be added up, and a window of a million rows costs no more
than one of a hundred. The measures and the test are those of `core.stats.drift`; p-values are corrected for
the number of features, so that the chance of one false alarm or more, over all features of a window, is at
most `alpha`.

A feature raises an alarm only when the window has rows enough, the effect (PSI) is large enough to matter,
and the corrected p-value says that it is not chance. The test takes rows for independent of one another: a
client that asks for the same row again and again looks like drift, and is.

How many windows raise an alarm, for drift or for their data (`functions.monitor.data_quality`), under the
default limits and against a dataset of 1,309 rows, in percent of 500 simulations each (`make bench-drift`;
`tests/bench/drift.py` says how they are made):

    rows of the window                  100*     300     1,000     5,000    10,000
    the same passengers                    1       0         0         0         0
    the same, after 700 labels             1       1         0         0         0
    3 years older                          6      42        52        40        39
    5 years older                         28      99       100       100       100
    10 years older                       100     100       100       100       100
    third class 10 % of all fewer          8       7         1         3         3
    third class 20 % of all fewer         62      93        99       100       100
    fares higher by a quarter            100     100       100       100       100
    one age in five no longer given       55      96        99       100       100

* Of fewer than 300 rows nothing raises an alarm; this is what would if 100 were enough.

The second line is of a champion that was retrained on labels in the order of the queue, of which those that
stand for all predictions went into its reference (`functions.monitor.thinning`). With all of them in it,
two in three windows of 1,000 rows would raise an alarm. What does not matter is not found on many rows
either: this is what the limit of PSI is for. With 0.05 in place of 0.1, 3 years are found in 97 % of
windows of 1,000 rows and the 10 % of third class in 40, and the same passengers raise an alarm in up to
1.6, by their rows.

Of one number of which many rows have the same value, in percent of 200 simulations each (the end of the same
bench; `tests/bench/drift_of_ties.py`):

    rows of the window                   300   1,000   5,000
    constant                               0       0       0
      5 % have another value               0     100     100
    yes or no, half each                   0       0       0
      yes in 60 %                          2       0       0
      yes in 70 %                         93      98      99
    largest of three in 92 %               0       0       0
      in 82 %                             46      40      36
      in 72 %                            100     100     100
      the others all 1                   100     100     100
    smallest in 92 %, others above it      0       0       0
      in 82 %                             42      38      33
      the others below it                 32     100     100
    largest in 92 %, others below it       0       0       0
      in 82 %                             42      38      33
      the others above it                 32     100     100
    in the middle in 92 %                  0       0       0
      in 82 %                             44      40      34
      the others all below it            100     100     100

A bin of few rows is taken together with others (`core.stats.drift`): so a value that is new in 5 % of 300
rows is no drift, though beyond the range of the dataset it is an alarm for the data.
"""

from collections.abc import Mapping

import numpy as np
from pydantic import Field

from functions.core.base.records import Count, Record
from functions.core.stats.drift import Floats, holm, homogeneity, jensen_shannon, psi
from functions.core.stats.records import Distribution, Tally


class DriftLimits(Record):
    """What it takes for a feature to be said to drift: all three."""

    min_rows: int = Field(300, description="Rows of a window below which nothing raises an alarm")
    min_psi: float = Field(0.1, description="The PSI from which a difference matters")
    alpha: float = Field(
        0.01, description="The chance of a false alarm of the tests together, each window: 0 to 1"
    )


class FeatureDrift(Record):
    """How far one feature of a window lies from the reference."""

    rows: int
    counts: list[Count] | None = Field(
        None,
        description="Rows of the window in each bin of the champion's `reference`, then those without a "
        "value; null in reports of releases that did not keep it",
    )
    psi: float = Field(ge=0, description="Population stability index, in nats")
    js: float = Field(ge=0, le=1, description="Jensen-Shannon divergence, in bits")
    statistic: float = Field(ge=0, description="Pearson's chi-squared")
    degrees: int = Field(ge=0, description="Degrees of freedom of the statistic")
    p_value: float = Field(ge=0, le=1)
    p_corrected: float = Field(ge=0, le=1, description="The p-value after Holm, for the number of features")
    alarm: bool


def feature_drift(
    reference: Mapping[str, Distribution], window: Mapping[str, Tally], limits: DriftLimits
) -> dict[str, FeatureDrift]:
    """Every feature of `reference` in a window, and the predicted probability; empty for an empty window.

    window: counted by `core.stats.distributions.tally` into the same bins. Raises `ValueError` when it was
    counted into others, those of another champion.
    """
    pairs = {name: _pair(name, known, window[name]) for name, known in reference.items()}
    pairs = {name: (old, new) for name, (old, new) in pairs.items() if old.any() and new.any()}
    tests = {name: homogeneity(old, new) for name, (old, new) in pairs.items()}
    corrected = dict(zip(tests, holm([p for _, _, p in tests.values()]), strict=True))
    drifts: dict[str, FeatureDrift] = {}
    for name, (old, new) in pairs.items():
        rows, index = int(new.sum()), psi(old, new)
        statistic, degrees, p_value = tests[name]
        drifts[name] = FeatureDrift(
            rows=rows,
            counts=window[name].counts,
            psi=index,
            js=jensen_shannon(old, new),
            statistic=statistic,
            degrees=degrees,
            p_value=p_value,
            p_corrected=corrected[name],
            alarm=rows >= limits.min_rows and index >= limits.min_psi and corrected[name] < limits.alpha,
        )
    return drifts


def _pair(name: str, reference: Distribution, window: Tally) -> tuple[Floats, Floats]:
    if len(reference.counts) != len(window.counts):
        raise ValueError(
            f"{name} was counted in {len(window.counts)} bins, the reference has {len(reference.counts)}: "
            "a window is counted again when the champion changes"
        )
    return np.array(reference.counts, dtype=np.float64), np.array(window.counts, dtype=np.float64)
