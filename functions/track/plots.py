"""Plots of a version as SVG, which MLflow shows among its artifacts: no library of plots for four of them."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from functions.core.stats.records import CalibrationBin, RocPoint

_SIDE, _LEFT, _TOP = 360, 70, 50
_INK, _LINE, _FAINT = "#1b1b1b", "#0b66c3", "#b5b5b5"
# Usual limits of the PSI, in nats: stable below the first, changed above the second (core.stats.drift).
_PSI_LIMITS = (0.1, 0.25)


def plot_roc(curve: Sequence[RocPoint], area: float) -> str:
    """The receiver operating characteristic. area: below it, 0 to 1."""
    points = [(point.false_positive_rate, point.true_positive_rate) for point in curve]
    return _square(
        f"ROC curve of the holdout, area {area:.3f}",
        "False positive rate",
        "True positive rate",
        [_path([(0, 0), (1, 1)], _FAINT), _path(points, _LINE)],
    )


def plot_calibration(bins: Sequence[CalibrationBin]) -> str:
    """Shares of positive outcomes, with 95 % intervals, by the probability that was given."""
    marks = [_path([(0, 0), (1, 1)], _FAINT)]
    for bin_ in bins:
        x, share = bin_.probability, bin_.share
        marks.append(_path([(x, share.low), (x, share.high)], _LINE))
        across, down = _place(x, share.value)
        title = f"{bin_.rows} rows: {share.value:.3f} at {x:.3f}"
        marks.append(
            f'<circle cx="{across}" cy="{down}" r="4" fill="{_LINE}"><title>{title}</title></circle>'
        )
    return _square("Calibration on the holdout", "Probability", "Share that was positive", marks)


def plot_confusion(confusion: Sequence[Sequence[int]], answers: Sequence[object]) -> str:
    """Rows held out, by outcome and answer. confusion: outcome 0 and 1, then answer 0 and 1."""
    most = max(1, *(count for row in confusion for count in row))
    half, marks = _SIDE / 2, []
    for outcome, row in enumerate(confusion):
        for answer, count in enumerate(row):
            x, y = _LEFT + half * answer, _TOP + half * outcome
            marks.append(
                f'<rect x="{x}" y="{y}" width="{half}" height="{half}" fill="{_LINE}" '
                f'fill-opacity="{0.08 + 0.5 * count / most:.2f}" stroke="{_INK}"/>'
                + _text(x + half / 2, y + half / 2, f"{count:,}", size=22)
            )
    for place, word in enumerate(answers):
        middle = half * (place + 0.5)
        marks.append(_text(_LEFT + middle, _TOP + _SIDE + 18, str(word)))
        marks.append(_text(_LEFT - 12, _TOP + middle, str(word), turned=True))
    return _framed("Holdout at the threshold", "Answer", "Outcome", marks)


def plot_drift(psi: Mapping[str, float], of: str) -> str:
    """The population stability index of each field, in nats. of: what was compared with what."""
    height, widest = 24, max(0.3, *psi.values()) if psi else 0.3
    bottom = _TOP + height * len(psi)
    marks = []
    for row, (name, value) in enumerate(sorted(psi.items(), key=lambda item: -item[1])):
        y = _TOP + height * row
        marks.append(
            f'<rect x="200" y="{y + 4}" width="{300 * value / widest:.1f}" height="16" fill="{_LINE}"/>'
            + _text(192, y + height / 2 + 4, name[:28], anchor="end")
            + _text(206 + 300 * value / widest, y + height / 2 + 4, f"{value:.3f}", anchor="start")
        )
    for limit in _PSI_LIMITS:
        x = 200 + 300 * limit / widest
        marks.append(f'<line x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{bottom}" stroke="{_FAINT}"/>')
        marks.append(_text(x, bottom + 16, f"{limit:g}"))
    return _svg(580, bottom + 30, [_text(290, 28, f"PSI of {of}", size=16), *marks])


def _square(title: str, across: str, up: str, marks: Iterable[str]) -> str:
    """A plot from 0 to 1 both ways."""
    ticks = []
    for share in (0, 0.25, 0.5, 0.75, 1):
        x, y = _place(share, share)
        ticks += [
            _text(x, _TOP + _SIDE + 18, f"{share:g}"),
            _text(_LEFT - 8, y + 4, f"{share:g}", anchor="end"),
        ]
    frame = f'<rect x="{_LEFT}" y="{_TOP}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="{_INK}"/>'
    return _framed(title, across, up, [frame, *ticks, *marks])


def _framed(title: str, across: str, up: str, marks: Iterable[str]) -> str:
    labels = [
        _text(_LEFT + _SIDE / 2, 28, title, size=16),
        _text(_LEFT + _SIDE / 2, _TOP + _SIDE + 40, across),
        _text(22, _TOP + _SIDE / 2, up, turned=True),
    ]
    return _svg(_LEFT + _SIDE + 30, _TOP + _SIDE + 60, [*labels, *marks])


def _svg(width: float, height: float, marks: Iterable[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="sans-serif" font-size="13">\n'
        '<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(marks) + "\n</svg>\n"
    )


def _place(x: float, y: float) -> tuple[float, float]:
    """Where a point of 0 to 1 both ways is drawn."""
    return round(_LEFT + _SIDE * x, 1), round(_TOP + _SIDE * (1 - y), 1)


def _path(points: Iterable[tuple[float, float]], color: str) -> str:
    drawn = " ".join(f"{x},{y}" for x, y in (_place(*point) for point in points))
    return f'<polyline points="{drawn}" fill="none" stroke="{color}" stroke-width="2"/>'


def _text(
    x: float, y: float, text: str, *, size: int = 13, anchor: str = "middle", turned: bool = False
) -> str:
    turn = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turned else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{_INK}"{turn}>'
        f"{escape(text)}</text>"
    )
