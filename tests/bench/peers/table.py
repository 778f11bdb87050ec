"""What was measured of each server, side by side."""

from collections.abc import Mapping, Sequence

from tests.bench.figures import Figures

COLD = "cold start, s"
LATENCY = "latency, ms"
RATE = "requests/s"
MEMORY = "memory, MiB"
INSTALLED = "installed, MiB"
_DECIMALS = {COLD: 2, LATENCY: 2, RATE: 0, MEMORY: 0}

# By server and by what was measured, a value per round.
Measured = Mapping[str, dict[str, list[float]]]


def to_figures(measured: Measured, installed: Mapping[str, float], python: str) -> Figures:
    """The figures, and how many times better the first server is than each of the others."""
    figures = Figures("peers", python)
    for name, kinds in measured.items():
        for kind, values in kinds.items():
            figures.add(f"{name}: {kind}", values)
        figures.note(f"{name}: {INSTALLED}", installed[name])
    own, *others = measured
    for name in others:
        for kind in (COLD, LATENCY, MEMORY):
            ratio = figures.median(f"{name}: {kind}") / figures.median(f"{own}: {kind}")
            figures.note(_ratio(name, kind), ratio)
        rate = figures.median(f"{own}: {RATE}") / figures.median(f"{name}: {RATE}")
        figures.note(_ratio(name, RATE), rate)
    return figures


def print_table(figures: Figures, names: Sequence[str]) -> None:
    """Medians, a line for each server; `names` begins with the one that the others are compared to."""
    own, *others = names
    print("\nOne worker each; latency at one connection, requests/s at eight; medians")
    print(f"{'':<20}" + "".join(f"{kind:>16}" for kind in (*_DECIMALS, INSTALLED)))
    for name in names:
        cells = [f"{figures.median(f'{name}: {kind}'):,.{places}f}" for kind, places in _DECIMALS.items()]
        cells.append(f"{figures.noted(f'{name}: {INSTALLED}'):,.0f}")
        print(f"{name:<20}" + "".join(f"{cell:>16}" for cell in cells))
    print(f"\nSo many times better is {own} than")
    for name in others:
        cells = [f"{figures.noted(_ratio(name, kind)):,.1f}" for kind in _DECIMALS]
        print(f"{name:<20}" + "".join(f"{cell:>16}" for cell in cells))


def _ratio(name: str, kind: str) -> str:
    return f"times better than {name}: {kind.partition(',')[0]}"
