"""Drift against scipy and two independent libraries, the rules of an alarm, and what the data is made of.

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

from functions.core.schema.passenger import FEATURES
from functions.core.stats.distributions import tally
from functions.core.stats.records import Distribution, Tally
from functions.monitor.data_quality import DataLimits, data_quality
from functions.monitor.drift import (
    DriftLimits,
    chi_squared_tail,
    feature_drift,
    holm,
    homogeneity,
    jensen_shannon,
    psi,
)
from tests.bench import drift as simulation
from tests.support.windows import Values, passengers
from training.dataset import Dataset
from training.train import reference

CASES: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "independent_drift.json").read_text())[
    "counts"
]
# A bin in which fewer than five rows are expected is taken together with another one here, and not there.
RARE = "an empty bin in the window"
# NannyML corrects two bins for continuity, after Yates, which makes their p-value too large.
TWO_BY_TWO = "a category"


def counts(case: str) -> tuple[Any, Any]:
    return np.array(CASES[case]["reference"], float), np.array(CASES[case]["window"], float)


@pytest.fixture(scope="module")
def known(titanic: Dataset) -> dict[str, Distribution]:
    return reference(titanic.matrix, np.linspace(0, 1, 1309))


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


def test_passengers_of_the_same_kind_raise_no_alarm(titanic: Dataset, known: dict[str, Distribution]) -> None:
    found = feature_drift(known, tally(known, passengers(titanic, 1_000)), DriftLimits())
    assert list(found) == [*FEATURES, "probability"]
    assert not any(feature.alarm for feature in found.values())
    assert {feature.rows for feature in found.values()} == {1_000}


def test_older_passengers_raise_an_alarm_for_age_alone(
    titanic: Dataset, known: dict[str, Distribution]
) -> None:
    found = feature_drift(known, tally(known, passengers(titanic, 500, years=10)), DriftLimits())
    assert [name for name, feature in found.items() if feature.alarm] == ["age"]
    assert found["age"].psi > 0.25
    assert found["age"].p_value <= found["age"].p_corrected < 1e-9


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        (DriftLimits(min_rows=501), "too few rows"),
        (DriftLimits(min_psi=3), "too small an effect"),
        (DriftLimits(alpha=1e-100), "it may be chance"),
    ],
)
def test_an_alarm_takes_rows_effect_and_proof_together(
    titanic: Dataset, known: dict[str, Distribution], limits: DriftLimits, why: str
) -> None:
    window = tally(known, passengers(titanic, 500, years=10))
    assert feature_drift(known, window, DriftLimits())["age"].alarm
    assert not feature_drift(known, window, limits)["age"].alarm, why


def test_clean_windows_seldom_raise_an_alarm_and_changed_ones_do() -> None:
    raised = simulation.alarms(0, DriftLimits(), DataLimits())
    sizes = [rows for rows in simulation.SIZES if rows >= DriftLimits().min_rows]
    windows = len(sizes) * simulation.BATCH
    assert sum(raised[simulation.CLEAN, rows] for rows in sizes) <= 0.02 * windows
    assert sum(raised["5 years older", rows] for rows in sizes) >= 0.98 * windows
    assert not any(raised[kind, 100] for kind in simulation.worlds())


def test_an_empty_window_has_no_drift(known: dict[str, Distribution]) -> None:
    window = tally(known, {name: [] for name in known})
    assert feature_drift(known, window, DriftLimits()) == {}


def test_a_window_counted_for_another_champion_is_refused(known: dict[str, Distribution]) -> None:
    window = {name: Tally(counts=[1, 2]) for name in known}
    with pytest.raises(ValueError, match=r"counted in 2 bins.* when the champion changes"):
        feature_drift(known, window, DriftLimits())


def test_the_data_of_the_same_kind_of_passengers_is_in_order(
    titanic: Dataset, known: dict[str, Distribution]
) -> None:
    found = data_quality(known, tally(known, passengers(titanic, 1_000)), DataLimits())
    assert (found.rows, found.alarms) == (1_000, [])
    assert found.features["age"].missing == pytest.approx(found.features["age"].missing_in_dataset, abs=0.05)
    assert list(found.features) == list(FEATURES)


@pytest.mark.parametrize(
    ("change", "alarm"),
    [
        ({"age": [None] * 400}, "age is missing in 100% of rows, 20% before"),
        ({"age": [30.0] * 400}, "age is missing in 0% of rows, 20% before"),
        (
            {"fare": [600.0] * 30 + [8.0] * 370},
            "fare lies outside 0 to 512.329, the dataset's range, in 30 rows",
        ),
        ({"embarked": ["Q"] * 200 + ["S"] * 200}, "embarked is Q in 200 rows, which the dataset never has"),
    ],
)
def test_data_that_the_dataset_has_none_like_raises_an_alarm(
    titanic: Dataset, known: dict[str, Distribution], change: Values, alarm: str
) -> None:
    known = known | {"embarked": Distribution(categories=["C", "Q", "S"], counts=[300, 0, 1_000, 9])}
    clean: Values = {"embarked": ["S"] * 400}
    window = tally(known, passengers(titanic, 400) | clean | change)
    assert data_quality(known, window, DataLimits()).alarms == [alarm]
    few = tally(known, {name: values[:299] for name, values in (passengers(titanic, 400) | change).items()})
    assert data_quality(known, few, DataLimits()).alarms == []


def test_an_empty_window_has_data_without_alarms(known: dict[str, Distribution]) -> None:
    window = tally(known, {name: [] for name in known})
    assert data_quality(known, window, DataLimits()).alarms == []
