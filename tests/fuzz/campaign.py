"""Runs a check on made-up cases: a few in `make test`, as many as the time allows in `make test-fuzz`."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

Case = TypeVar("Case")
# After so many cases the clock is looked at, and the next seed is taken.
ROUND = 200


@dataclass
class Campaign:
    """The cases of one test.

    seed: of the first round; each round after it has the next one. seconds: how long to go on; None for one
    round of as many cases as the test says. counts: what became of the cases, in the words of the check.
    """

    test: str
    seed: int
    seconds: float | None
    counts: Counter[str] = field(default_factory=Counter)

    def run(self, strategy: SearchStrategy[Case], check: Callable[[Case], str], *, cases: int) -> None:
        """Have `check` raise for a case that shows a fault, and say in a word what became of any other."""
        ends = time.monotonic() + (self.seconds or 0)
        number = self.seed
        while True:
            self._run_round(number, ROUND if self.seconds else cases, strategy, check)
            number += 1
            if time.monotonic() >= ends:
                return

    def _run_round(
        self, number: int, cases: int, strategy: SearchStrategy[Case], check: Callable[[Case], str]
    ) -> None:
        @seed(number)
        @settings(
            max_examples=cases,
            # The same cases for the same seed: nothing is kept from run to run, and a slow case is no fault.
            database=None,
            deadline=None,
            phases=(Phase.generate, Phase.shrink),
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        )
        @given(strategy)
        def check_case(case: Case) -> None:
            self.counts[check(case)] += 1

        try:
            check_case()
        except BaseException as error:
            how = (
                f"make test-fuzz SEED={number} ARGS={self.test}"
                if self.seconds
                else f"make test ARGS={self.test}"
            )
            error.add_note(f"To replay it: {how}")
            raise
