"""The header `traceparent`, as W3C Trace Context says: a valid one is followed, any other is no header."""

import json
import threading
from collections.abc import Iterator

import pytest

from functions.core.base.logs import log
from functions.core.base.tracing import current_trace, follow_trace, parse_traceparent, trace_fields

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
VALID = f"00-{TRACE}-{PARENT}-01"
# A digit to Python, and not to the standard.
FULLWIDTH = "\uff11"


@pytest.fixture(autouse=True)
def no_trace() -> Iterator[None]:
    yield
    follow_trace({})


def test_a_valid_header_names_its_trace_and_its_parent() -> None:
    trace = parse_traceparent(VALID)
    assert trace is not None
    assert (trace.trace_id, trace.parent_id, trace.header) == (TRACE, PARENT, VALID)


@pytest.mark.parametrize(
    ("header", "answered"),
    [
        (f"00-{TRACE}-{PARENT}-00", f"00-{TRACE}-{PARENT}-00"),
        # Flags that version 00 does not know are not passed on.
        (f"00-{TRACE}-{PARENT}-ff", f"00-{TRACE}-{PARENT}-03"),
        # A later version is read as far as this one goes, and answered as this one.
        (f"cc-{TRACE}-{PARENT}-01", VALID),
        (f"cc-{TRACE}-{PARENT}-01-what-the-future-will-be-like", VALID),
        (f"01-{TRACE}-{PARENT}-01-", VALID),
    ],
)
def test_flags_and_later_versions_are_answered_as_this_version_knows_them(header: str, answered: str) -> None:
    trace = parse_traceparent(header)
    assert trace is not None
    assert trace.header == answered


# Those of the standard's own test suite (w3c/trace-context, test/test.py), and some more.
@pytest.mark.parametrize(
    "header",
    [
        "",
        "garbage",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{TRACE}-{PARENT.upper()}-01",
        f"0x-{TRACE}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-.0",
        f"00-{TRACE}-{PARENT}-1",
        f"00-{TRACE}-{PARENT}-001",
        f"0-{TRACE}-{PARENT}-01",
        f"000-{TRACE}-{PARENT}-01",
        f"00-{TRACE[1:]}-{PARENT}-01",
        f"00-{TRACE}0-{PARENT}-01",
        f"00-{TRACE}-{PARENT[1:]}-01",
        f"00-{TRACE}-{PARENT}0-01",
        f"00-{TRACE[:-1]}.-{PARENT}-01",
        f"00_{TRACE}_{PARENT}_01",
        f"00-{TRACE}-{PARENT}-01-more",
        f"00-{TRACE}-{PARENT}-01.more",
        f"cc-{TRACE}-{PARENT}-01.what-the-future-will-not-be-like",
        f" {VALID}",
        f"{VALID} ",
        f"{VALID}\n",
        # What came twice was joined by the gateway.
        f"{VALID},{VALID}",
        f"00-{FULLWIDTH * 32}-{PARENT}-01",
        VALID * 1000,
    ],
)
def test_a_malformed_header_is_as_if_it_had_not_been_sent(header: str) -> None:
    assert parse_traceparent(header) is None
    assert follow_trace({"headers": {"traceparent": header}}) is None
    assert trace_fields() == {}


def test_the_log_follows_the_trace_of_the_request_at_hand(capsys: pytest.CaptureFixture[str]) -> None:
    follow_trace({"headers": {"traceparent": VALID}})
    log("INFO", "in a trace", more=1)
    # A thread that works for the request, too.
    thread = threading.Thread(target=log, args=("INFO", "in its thread"))
    thread.start()
    thread.join(10)
    follow_trace({"headers": {}})
    log("INFO", "outside of it")
    first, second, last = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["trace_id"], first["parent_id"], first["more"]) == (TRACE, PARENT, 1)
    assert second["trace_id"] == TRACE
    assert "trace_id" not in last


@pytest.mark.parametrize("event", [{}, {"headers": None}, {"Records": []}])
def test_an_event_without_headers_is_in_no_trace(event: dict[str, object]) -> None:
    follow_trace({"headers": {"traceparent": VALID}})
    follow_trace(event)
    assert current_trace() is None
