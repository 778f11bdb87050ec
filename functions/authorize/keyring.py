"""The list of keys in memory: refreshed now and then, kept for a while when it cannot be."""

import time
from collections.abc import Callable

from functions.core.base.errors import StoreUnavailable
from functions.core.base.logs import log
from functions.core.base.refresh import Refresh
from functions.core.identity.key_list import all_keys
from functions.core.identity.keys import Keys
from functions.core.storage.parameter import Parameter


class KeyRing:
    """Answers with the keys as they were at most `refresh_seconds` ago.

    While the list cannot be read, whatever the reason, the last one goes on counting for `grace_seconds`: an
    outage of SSM should not be one of the API, but a key must not outlive its revocation for long.
    """

    def __init__(
        self,
        parameter: Parameter,
        refresh_seconds: float,
        grace_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._parameter = parameter
        self._refresh_seconds = refresh_seconds
        self._grace_seconds = grace_seconds
        self._clock = clock
        self._refresh = Refresh("keys", refresh_seconds, clock)
        self._keys: Keys = {}
        self._good_until = float("-inf")

    def current(self) -> Keys:
        """The keys by id. Raises `StoreUnavailable` when there is no list that still counts."""
        if self._refresh.is_due:
            self._refresh.attempt(self._read, has_answer=lambda: self._counts)
        if not self._counts:
            raise StoreUnavailable("keys cannot be looked up at the moment; try again")
        return self._keys

    @property
    def _counts(self) -> bool:
        return self._clock() < self._good_until

    def _read(self) -> None:
        self._keys = all_keys(self._parameter)
        self._good_until = self._clock() + self._refresh_seconds + self._grace_seconds
        if not self._keys:
            log("WARNING", "there are no keys, so every request is refused; make one with `make key`")
