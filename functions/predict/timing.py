"""How long the request at hand has been worked on: for the prediction log, which monitoring goes by."""

from contextvars import ContextVar
from time import perf_counter

_began: ContextVar[float | None] = ContextVar("began", default=None)


def begin() -> None:
    """A request has come in."""
    _began.set(perf_counter())


def milliseconds() -> float | None:
    """Since it came in; None outside of a request."""
    began = _began.get()
    return None if began is None else (perf_counter() - began) * 1_000
