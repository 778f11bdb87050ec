"""Work that may never end, given up after some seconds."""

from collections.abc import Callable
from threading import Thread
from typing import TypeVar

Result = TypeVar("Result")
# What was told to stop looks for that between two steps of its work.
_GRACE_SECONDS = 1.0


class TooLate(Exception):
    """The work was not done in time."""


def within(seconds: float, work: Callable[[], Result], stop: Callable[[], None]) -> Result:
    """What `work` returns or raises, if that is within `seconds`. Else `stop` is called, and `TooLate` is
    raised.

    Work that does not heed `stop` goes on in a thread of its own, which ends with the process: nothing ends a
    thread from outside.
    """
    results: list[Result] = []
    failures: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        # Whatever it is, the thread that waits raises it.
        except BaseException as error:
            failures.append(error)

    # A daemon: at its end, the process shall not wait for it.
    thread = Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        stop()
        thread.join(_GRACE_SECONDS)
        raise TooLate
    if failures:
        raise failures[0]
    return results[0]
