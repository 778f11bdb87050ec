"""PSI, the Jensen-Shannon divergence and the tests against scipy and two independent libraries.

`independent_drift.json` holds shared cases with the figures that Evidently and NannyML gave for them; both
are too heavy to be installed with the tests, so they were run once, in the versions that it names. They were
given the counts as categories, because every library makes bins of numbers in its own way.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2, chi2_contingency

from functions.core.stats.drift import chi_squared_tail, holm, homogeneity, jensen_shannon, psi

CASES: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "independent_drift.json").read_text())[
    "counts"
]
# A bin in which fewer than five rows are expected is taken together with another one here, and not there.
RARE = "an empty bin in the window"
# NannyML corrects two bins for continuity, after Yates, which makes their p-value too large.
TWO_BY_TWO = "a category"


def counts(case: str) -> tuple[Any, Any]:
    return np.array(CASES[case]["reference"], float), np.array(CASES[case]["window"], float)


@pytest.mark.parametrize("case", CASES)
def test_psi_is_that_of_evidently(case: str) -> None:
    assert psi(*counts(case)) == pytest.approx(CASES[case]["evidently"]["psi"], rel=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_jensen_shannon_is_that_of_evidently_nannyml_and_scipy(case: str) -> None:
    old, new = counts(case)
    found = jensen_shannon(old, new)
    assert found == pytest.approx(CASES[case]["nannyml"]["js_distance_bits"] ** 2, rel=1e-9)
    assert found == pytest.approx(CASES[case]["evidently"]["js_distance_nats"] ** 2 / np.log(2), rel=1e-9)
    assert found == pytest.approx(jensenshannon(old, new, base=2) ** 2, rel=1e-9)


@pytest.mark.parametrize("case", sorted(set(CASES) - {RARE, TWO_BY_TWO}))
def test_the_test_is_that_of_nannyml(case: str) -> None:
    statistic, _, p_value = homogeneity(*counts(case))
    assert statistic == pytest.approx(CASES[case]["nannyml"]["chi2"], rel=1e-12)
    assert p_value == pytest.approx(CASES[case]["nannyml"]["p_value"], rel=1e-9)


@pytest.mark.parametrize("case", sorted(set(CASES) - {RARE}))
def test_the_test_is_that_of_scipy(case: str) -> None:
    table = np.array(counts(case))
    scipys = chi2_contingency(table[:, table.any(axis=0)], correction=False)
    assert homogeneity(*counts(case)) == pytest.approx((scipys.statistic, scipys.dof, scipys.pvalue))


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 9, 10, 17])
def test_the_tail_of_chi_squared_is_that_of_scipy(degrees: int) -> None:
    for statistic in (0.0, 1e-9, 0.3, 1.0, 5.5, 30.0, 200.0, 1000.0, 5000.0):
        assert chi_squared_tail(statistic, degrees) == pytest.approx(
            chi2.sf(statistic, degrees), rel=1e-11, abs=1e-300
        )


def test_bins_with_few_rows_are_taken_together() -> None:
    old, new = np.array([500, 300, 2, 1, 0, 0], float), np.array([160, 90, 0, 3, 1, 0], float)
    # 2, 1 + 3 and 1 are not enough even together: they join the rarest of the others.
    assert homogeneity(old, new) == homogeneity(np.array([500.0, 303.0]), np.array([160.0, 94.0]))
    old, new = np.array([500, 300, 20, 10], float), np.array([160, 90, 4, 3], float)
    assert homogeneity(old, new) == homogeneity(np.array([500.0, 300, 30]), np.array([160.0, 90, 7]))


def test_where_one_bin_is_left_nothing_can_be_told() -> None:
    assert homogeneity(np.array([3.0, 2.0]), np.array([0.0, 4.0])) == (0, 0, 1)
    assert homogeneity(np.array([700.0, 0.0]), np.array([300.0, 0.0])) == (0, 0, 1)


def test_p_values_are_corrected_by_holm() -> None:
    # By hand: 4 * 0.005, 3 * 0.01, 2 * 0.03 and, never less than the one before it, 1 * 0.04.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1, 1]
    assert holm([]) == []
