"""Which trace the request at hand belongs to: W3C Trace Context, as its header `traceparent` says.

https://www.w3.org/TR/trace-context-1/#traceparent-header. Nothing here makes a trace or a span: who asks in
a trace finds it in the log and in the answer. What a tracing system adds (`tracestate`) is passed over.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

# Version, trace, parent, flags. What a later version adds stands behind another dash.
_TRACEPARENT = r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?"
_VERSION = "00"
# Of the flags, what versions up to level 2 of the standard know: that it is recorded, that its id is random.
_KNOWN_FLAGS = 0b11


class Trace(NamedTuple):
    """header: as it is answered; in_log: as it stands in a line of the log, behind other fields."""

    trace_id: str
    parent_id: str
    header: str
    in_log: str


class _RequestAtHand:
    """What threads that work for a request are to see as well: no context variable reaches them."""

    trace: Trace | None = None


def parse_traceparent(value: str) -> Trace | None:
    """None for what is no valid header: it is as if it had not been sent."""
    match = re.fullmatch(_TRACEPARENT, value)
    if match is None:
        return None
    version, trace_id, parent_id, flags, more = match.groups()
    if version == _VERSION and more is not None:
        return None
    return Trace(
        trace_id,
        parent_id,
        f"{_VERSION}-{trace_id}-{parent_id}-{int(flags, 16) & _KNOWN_FLAGS:02x}",
        f',"trace_id":"{trace_id}","parent_id":"{parent_id}"',
    )


def follow_trace(event: Mapping[str, Any]) -> Trace | None:
    """Have the log follow the trace that an event's request belongs to; without one, none.

    A process has one request at a time, as in Lambda, and its threads work for that one. A header that came
    twice was joined by a comma, and so is none.
    """
    value = (event.get("headers") or {}).get("traceparent")
    _RequestAtHand.trace = parse_traceparent(value) if value else None
    return _RequestAtHand.trace


def current_trace() -> Trace | None:
    return _RequestAtHand.trace


def trace_fields() -> dict[str, str]:
    """What a line of the log says of the trace; empty without one."""
    trace = _RequestAtHand.trace
    return {"trace_id": trace.trace_id, "parent_id": trace.parent_id} if trace else {}
