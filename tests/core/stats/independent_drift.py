# /// script
# requires-python = "==3.11.*"
# dependencies = [
#     "evidently==0.7.23",
#     "nannyml==0.13.1",
#     "numpy==2.4.6",
#     "pandas==2.3.3",
#     "scipy==1.17.1",
# ]
# ///
"""Writes what Evidently and NannyML make of the cases in independent_drift.json into that file.

    uv run --no-project tests/core/stats/independent_drift.py

The tests compare with the file, for the libraries are too heavy to be installed with them. Run again, these
versions make the same figures to twelve digits; the last ones depend on the order in which they add up. The
counts are given as categories, because every library makes bins of numbers in its own way, and to the
functions behind the libraries' reports, because the reports round and leave out the p-value.
"""

import json
import re
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
from evidently.legacy.calculations.stattests import jensenshannon_stat_test, psi_stat_test
from evidently.legacy.core import ColumnType
from nannyml.chunk import SizeBasedChunker
from nannyml.drift.univariate.methods import CategoricalJensenShannonDistance, Chi2Statistic
from nannyml.performance_estimation.confidence_based.metrics import estimate_accuracy, estimate_roc_auc
from nannyml.thresholds import ConstantThreshold

PATH = Path(__file__).with_suffix(".json")


def rows(counts: list[int]) -> Any:
    """A row with the name of its bin for each that was counted."""
    names = [str(bin_) for bin_, count in enumerate(counts) for _ in range(count)]
    return pd.Series(names, name="bin", dtype=object)


def of_evidently(reference: Any, window: Any) -> dict[str, float]:
    tests = {"psi": psi_stat_test, "js_distance_nats": jensenshannon_stat_test}
    return {
        name: float(test(reference, window, ColumnType.Categorical, None).drift_score)
        for name, test in tests.items()
    }


def of_nannyml(reference: Any, window: Any) -> dict[str, float]:
    # All rows are one chunk, and no threshold is of interest.
    limits = {"chunker": SizeBasedChunker(len(reference)), "threshold": ConstantThreshold()}
    distance = CategoricalJensenShannonDistance(**limits).fit(reference).calculate(window)
    # What it calculates in public leaves out the p-value.
    chi2, p_value = Chi2Statistic(**limits).fit(reference)._calc_chi2(window)
    return {"js_distance_bits": float(distance), "chi2": float(chi2), "p_value": float(p_value)}


def expected_quality(probability: list[float]) -> dict[str, float]:
    chances = pd.Series(probability)
    labels = (chances > 0.5).astype(int)
    return {
        "roc_auc": float(estimate_roc_auc(chances, chances)),
        "accuracy": float(estimate_accuracy(labels, chances)),
    }


def main() -> None:
    warnings.simplefilter("ignore")
    found = json.loads(PATH.read_text())
    found["made_by"] = {name: version(name) for name in ("evidently", "nannyml")}
    for case in found["counts"].values():
        reference, window = rows(case["reference"]), rows(case["window"])
        case["evidently"], case["nannyml"] = of_evidently(reference, window), of_nannyml(reference, window)
    quality = found["expected_quality"]
    quality["nannyml"] = expected_quality(quality["probability"])
    # Numbers in rows, as they are read.
    text = re.sub(r"\[[^][]*\]", lambda numbers: " ".join(numbers[0].split()), json.dumps(found, indent=2))
    PATH.write_text(text.replace("[ ", "[").replace(" ]", "]") + "\n")


if __name__ == "__main__":
    main()
