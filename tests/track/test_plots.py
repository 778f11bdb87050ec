"""The plots are SVG that a parser takes, and show what they are given."""

from xml.etree import ElementTree as ET

import pytest

from functions.core.stats.curves import calibration_curve, roc_curve
from functions.track.plots import plot_calibration, plot_confusion, plot_drift, plot_roc

OUTCOMES, PROBABILITY = [0, 0, 1, 1, 1], [0.1, 0.6, 0.55, 0.7, 0.9]
SVG = "{http://www.w3.org/2000/svg}"


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - what was drawn here


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in parsed(svg).iter(f"{SVG}text")]


def test_a_roc_curve_goes_from_corner_to_corner() -> None:
    svg = plot_roc(roc_curve(OUTCOMES, PROBABILITY), 0.8333)
    *_, curve = parsed(svg).iter(f"{SVG}polyline")
    points = (curve.get("points") or "").split()
    assert (points[0], points[-1]) == ("70.0,410.0", "430.0,50.0")
    assert "ROC curve of the holdout, area 0.833" in texts(svg)


def test_a_calibration_has_a_mark_for_each_bin() -> None:
    bins = calibration_curve(OUTCOMES, PROBABILITY)
    svg = parsed(plot_calibration(bins))
    assert len([*svg.iter(f"{SVG}circle")]) == len(bins)


def test_a_confusion_shows_its_counts_by_the_words_of_the_target() -> None:
    said = texts(plot_confusion([[1000, 2], [3, 4]], ["<stays>", "leaves"]))
    assert {"1,000", "2", "3", "4", "<stays>", "leaves"} <= set(said)


@pytest.mark.parametrize("psi", [{}, {"age": 0.0, "a & b": 1.5}])
def test_drift_shows_the_farthest_first(psi: dict[str, float]) -> None:
    said = texts(plot_drift(psi, "these against those"))
    assert said[0] == "PSI of these against those"
    assert [word for word in said if word in psi] == sorted(psi, key=lambda name: -psi[name])
