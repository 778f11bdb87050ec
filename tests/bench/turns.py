"""Checkouts measured in turns, and set side by side: whatever else the machine does meets them alike."""

from collections.abc import Callable, Sequence
from statistics import median
from typing import TypeVar

from tests.bench.checkout import Checkout
from tests.bench.figures import Figures, summary

Turn = TypeVar("Turn")


def take_turns(
    checkouts: Sequence[Checkout], take: Callable[[Checkout], Turn], turns: int
) -> list[list[Turn]]:
    """What `take` measures of each checkout in each of so many turns, by checkout.

    Which of them comes first changes from turn to turn.
    """
    taken: list[list[Turn]] = [[] for _ in checkouts]
    for turn in range(turns):
        order = list(zip(checkouts, taken, strict=True))
        for checkout, own in order if turn % 2 == 0 else reversed(order):
            own.append(take(checkout))
    return taken


def compare(
    here: Sequence[Turn],
    there: Sequence[Turn],
    figures_of: Callable[[Sequence[Turn]], Figures],
    title: str,
    *,
    scale: float = 1000,
) -> Figures:
    """Print the figures of two checkouts side by side, and return those of `here`, with the ratios as notes.

    here, there: what was measured in the same turns. title, scale: as `Figures.print_table` takes them. A
    ratio is that of the medians within a turn; of all turns, the median and the quartiles are shown.
    """
    own, other = figures_of(here), figures_of(there)
    turns = [(figures_of([a]), figures_of([b])) for a, b in zip(here, there, strict=True)]
    print(f"\n{title}")
    print(f"{'':<44} {'here':>11} {'there':>11}   here / there, in {len(turns)} turns")
    for name in own.rows:
        if name in other.rows:
            ratios = [a.median(name) / b.median(name) for a, b in turns]
            found = summary(ratios)
            print(
                f"{name:<44} {own.median(name) * scale:11,.1f} {other.median(name) * scale:11,.1f} "
                f"{found.median:8.3f}  {found.low:.3f} to {found.high:.3f}"
            )
            own.note(f"here / there: {name.strip()}", median(ratios))
    for name in other.notes:
        print(f"{name:<44} {own.noted(name):11,.2f} {other.noted(name):11,.2f}")
    return own
