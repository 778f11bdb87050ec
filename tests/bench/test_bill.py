"""What predictions cost, against sums by hand, at the prices of 2026-11-21."""

import pytest

from tests.bench import bill
from tests.bench.bill import Durations, Function

DURATIONS = Durations(warm=0.001, cold=0.5)


@pytest.mark.parametrize(
    ("memory", "warm", "cold"),
    [
        # 128 of 1,769 MB: 13.82 times as long, 1.38 ms and 3,455.08 ms.
        (128, 0.002, 3.456),
        (1769, 0.001, 0.25),
        # One thread has no use for a second processor.
        (3008, 0.001, 0.25),
    ],
)
def test_less_memory_takes_longer_and_each_begun_millisecond_counts(
    memory: int, warm: float, cold: float
) -> None:
    assert Durations(warm=0.0001, cold=0.25).billed(memory) == (warm, cold)


def test_duration_is_paid_by_gigabyte_second_and_one_request_in_a_hundred_starts_cold() -> None:
    # At 1,024 MB 1.73 and 863.8 ms: billed 0.99 x 0.002 + 0.01 x 0.864 = 0.01062 s, times 1 GB.
    assert DURATIONS.dollars(1024) == pytest.approx(0.01062 * 16.6667)


def test_a_million_requests_at_ten_a_second() -> None:
    parts = bill.per_million(
        Function(DURATIONS, 1024),
        Function(Durations(0.0, 0.0), 256),
        rate=10,
        line_bytes=300,
        refresh_seconds=30,
    )
    expected = {
        "HTTP API": 1.0,
        "predict: requests": 0.2,
        "predict: duration": 0.177,
        "authorizer: requests": 0.2,
        "authorizer: duration": 0.0,
        # 300 + 2 x 700 + 450 + 6 x 26 = 2,306 bytes, 2.1476 GiB of a million, half a dollar each.
        "CloudWatch Logs": 1.0738,
        # A record counts as 5 KiB: 4.7684 GiB.
        "Firehose": 0.1383,
        # An object a minute, a 600th of a request: 0.00833. A look in 30 s, a 300th, and 3 reads of each
        # start, 0.03: 0.01333.
        "S3 requests": 0.02167,
        # 1,000 bytes: 0.9313 GiB.
        "transfer to the internet": 0.0838,
    }
    assert parts == pytest.approx(expected, abs=5e-5)


def test_requests_that_come_seldom_pay_for_an_object_and_a_look_each() -> None:
    nothing = Function(Durations(0.0, 0.0), 128)
    parts = bill.per_million(nothing, nothing, rate=0.001, line_bytes=300, refresh_seconds=30)
    # A million objects 5.00, 1,030,000 reads 0.412; no more than one of each however seldom.
    assert parts["S3 requests"] == pytest.approx(5.412)


def test_a_line_longer_than_a_step_of_firehose_pays_for_two() -> None:
    nothing = Function(Durations(0.0, 0.0), 128)
    one, two = (
        bill.per_million(nothing, nothing, rate=1, line_bytes=size, refresh_seconds=30)["Firehose"]
        for size in (5120, 5121)
    )
    assert two == pytest.approx(2 * one)


@pytest.mark.parametrize(
    ("rate", "dollars"),
    [
        # Less than one a second: all are traced, in both functions.
        (0.1, 10.0),
        (1, 10.0),
        # The first and 5 % of the other nine: 14.5 %.
        (10, 1.45),
    ],
)
def test_of_many_requests_a_second_few_are_traced(rate: float, dollars: float) -> None:
    assert bill.tracing_per_million(rate=rate) == pytest.approx(dollars)


def test_while_nobody_asks_alarms_and_storage_are_paid() -> None:
    idle = bill.per_month_idle(alarms=12, stored_bytes=2**30)
    assert list(idle.values()) == pytest.approx([1.2, 0.023])
