"""How many refusals are worth a sentence: what a person who forgot the key sends, not what a flood does."""

import time
from collections.abc import Callable

from functions.core.base.logs import log


class Allowance:
    """Gives out `burst` at once, and `per_second` from then on; and says, once, when there are none left."""

    def __init__(self, burst: int, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst = burst
        self._per_second = per_second
        self._clock = clock
        self._left = float(burst)
        self._refilled_at = clock()
        self._is_spent = False

    def take(self) -> bool:
        """Whether there is one more."""
        now = self._clock()
        # A process that was continued elsewhere may find that no time has passed.
        self._left = min(self._burst, self._left + max(0.0, now - self._refilled_at) * self._per_second)
        self._refilled_at = now
        if self._left < 1:
            if not self._is_spent:
                log("WARNING", "many requests without a valid key: the gateway refuses them by itself (403)")
            self._is_spent = True
            return False
        self._left -= 1
        self._is_spent = self._is_spent and self._left < self._burst / 2
        return True
