"""Drift of a window: what raises an alarm and what does not, and what the data is made of."""

import numpy as np
import pytest

from functions.core.stats.distributions import of_numbers, tally
from functions.core.stats.records import Distribution, Tally
from functions.monitor.data_quality import DataLimits, data_quality
from functions.monitor.drift import DriftLimits, feature_drift
from tests.bench import drift as simulation
from tests.support.titanic import SCHEMA
from tests.support.windows import Values, passengers, reference


@pytest.fixture(scope="module")
def known() -> dict[str, Distribution]:
    return reference()


def test_passengers_of_the_same_kind_raise_no_alarm(known: dict[str, Distribution]) -> None:
    found = feature_drift(known, tally(known, passengers(1_000)), DriftLimits())
    assert list(found) == [*SCHEMA.names, "probability"]
    assert not any(feature.alarm for feature in found.values())
    assert {feature.rows for feature in found.values()} == {1_000}


def test_older_passengers_raise_an_alarm_for_age_alone(known: dict[str, Distribution]) -> None:
    found = feature_drift(known, tally(known, passengers(500, years=10)), DriftLimits())
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
    known: dict[str, Distribution], limits: DriftLimits, why: str
) -> None:
    window = tally(known, passengers(500, years=10))
    assert feature_drift(known, window, DriftLimits())["age"].alarm
    assert not feature_drift(known, window, limits)["age"].alarm, why


def test_a_number_that_is_nearly_always_the_same_raises_an_alarm_when_it_is_not() -> None:
    known = {"x": of_numbers(np.array([3] * 920 + [2] * 40 + [1] * 40, dtype=np.float32))}
    found = feature_drift(known, tally(known, {"x": [1.0] * 500}), DriftLimits())["x"]
    assert found.alarm
    assert found.psi > 5
    same = feature_drift(known, tally(known, {"x": [3.0] * 460 + [2.0] * 20 + [1.0] * 20}), DriftLimits())[
        "x"
    ]
    assert not same.alarm


def test_clean_windows_seldom_raise_an_alarm_and_changed_ones_do() -> None:
    older = "5 years older"
    raised = simulation.alarms(0, DriftLimits(), DataLimits(), of=(simulation.CLEAN, older))
    sizes = [rows for rows in simulation.SIZES if rows >= DriftLimits().min_rows]
    windows = len(sizes) * simulation.BATCH
    assert sum(raised[simulation.CLEAN, rows] for rows in sizes) <= 0.02 * windows
    assert sum(raised[older, rows] for rows in sizes) >= 0.98 * windows
    assert not any(raised[kind, 100] for kind in (simulation.CLEAN, older))


@pytest.mark.long
def test_no_window_of_a_hundred_rows_raises_an_alarm_whatever_has_changed() -> None:
    raised = simulation.alarms(0, DriftLimits(), DataLimits())
    assert not any(raised[kind, 100] for kind in simulation.worlds())


def test_an_empty_window_has_no_drift(known: dict[str, Distribution]) -> None:
    window = tally(known, {name: [] for name in known})
    assert feature_drift(known, window, DriftLimits()) == {}


def test_a_window_counted_for_another_champion_is_refused(known: dict[str, Distribution]) -> None:
    window = {name: Tally(counts=[1, 2]) for name in known}
    with pytest.raises(ValueError, match=r"counted in 2 bins.* when the champion changes"):
        feature_drift(known, window, DriftLimits())


def test_the_data_of_the_same_kind_of_passengers_is_in_order(known: dict[str, Distribution]) -> None:
    found = data_quality(known, tally(known, passengers(1_000)), DataLimits())
    assert (found.rows, found.alarms) == (1_000, [])
    assert found.features["age"].missing == pytest.approx(found.features["age"].missing_in_dataset, abs=0.05)
    assert list(found.features) == list(SCHEMA.names)


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
    known: dict[str, Distribution], change: Values, alarm: str
) -> None:
    known = known | {"embarked": Distribution(categories=["C", "Q", "S"], counts=[300, 0, 1_000, 9])}
    clean: Values = {"embarked": ["S"] * 400}
    window = tally(known, passengers(400) | clean | change)
    assert data_quality(known, window, DataLimits()).alarms == [alarm]
    few = tally(known, {name: values[:299] for name, values in (passengers(400) | change).items()})
    assert data_quality(known, few, DataLimits()).alarms == []


def test_an_empty_window_has_data_without_alarms(known: dict[str, Distribution]) -> None:
    window = tally(known, {name: [] for name in known})
    assert data_quality(known, window, DataLimits()).alarms == []
