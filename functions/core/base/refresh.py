"""When what is kept in memory is read again, and what becomes of a failure: one rule for every cache."""

import time
from collections.abc import Callable

from functions.core.base.errors import LifeboatError
from functions.core.base.logs import log

# Of quick failures: once a second is enough.
RETRY_SECONDS = 1.0
# A failure that took long is followed by a pause of so many times as long, so that requests that can be
# answered from memory wait a tenth of the time at most. Where there is nothing to answer with, half of it:
# reading is the only way to get better.
_TIMES = 9
_TIMES_WITHOUT_ANSWER = 1
# Nobody waits longer than this for what has been mended.
LONGEST_PAUSE = 60.0
# The same failure is not logged more often.
_LOG_SECONDS = 60.0


class Refresh:
    """Tells when to read again: `seconds` after the last time, or after a pause when that failed.

    The pause is a second, or longer when the failure took long: see the constants of this module. Whatever
    the reading raises is logged with its type and kept in `failure`; what was read before goes on answering.
    """

    def __init__(
        self,
        subject: str,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
        *,
        expected: type[Exception] | tuple[()] = (),
        **names: str,
    ) -> None:
        """subject: what is read, for the log, such as "champion"; names: of whom, for the log. expected: a
        failure with which nothing is wrong here while there is nothing in memory: it is not logged."""
        self._subject = subject
        self._seconds = seconds
        self._clock = clock
        self._expected = expected
        self._names = names
        self._next = float("-inf")
        self._logged: tuple[str, float] = ("", float("-inf"))
        self.failure: Exception | None = None
        """Why the last reading failed; None when it did not."""

    @property
    def is_due(self) -> bool:
        return self._clock() >= self._next

    @property
    def trouble(self) -> str | None:
        """`failure` in words that a caller may see."""
        if self.failure is None:
            return None
        if isinstance(self.failure, LifeboatError):
            return str(self.failure)
        return f"the {self._subject} could not be read, by a mistake of ours; the log says which"

    def expire(self) -> None:
        """Be due at once, whatever the clock says."""
        self._next = float("-inf")

    def postpone(self) -> None:
        """Be due in `seconds`: what is in memory has just been read."""
        self.failure = None
        self._logged = ("", float("-inf"))
        self._next = self._clock() + self._seconds

    def attempt(self, read: Callable[[], object], *, has_answer: Callable[[], bool]) -> None:
        """Read. has_answer: whether there is something in memory to go on with, asked after a failure."""
        began = self._clock()
        try:
            read()
        except Exception as error:
            self.failure = error
            ended = self._clock()
            answers = has_answer()
            if answers or not isinstance(error, self._expected):
                self._log(error, ended)
            times = _TIMES if answers else _TIMES_WITHOUT_ANSWER
            pause = min(times * (ended - began), LONGEST_PAUSE)
            self._next = ended + max(pause, min(RETRY_SECONDS, self._seconds))
        else:
            self.postpone()

    def _log(self, error: Exception, now: float) -> None:
        text = repr(error)
        logged_text, logged_at = self._logged
        if text == logged_text and now < logged_at + _LOG_SECONDS:
            return
        self._logged = (text, now)
        log(
            "ERROR",
            f"{self._subject} not refreshed",
            **self._names,
            error=type(error).__name__,
            reason=str(error),
            cause=repr(error.__cause__),
        )
