"""What a million predictions cost on AWS, part by part, from measured durations and published prices."""

import math
from dataclasses import dataclass

from tests.bench import prices
from tests.bench.prices import MILLION

# "One vCPU at 1,769 MB", and in proportion:
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
VCPU_MB = 1769
# Of all requests: "typically under 1 %", says AWS (see the price of duration).
COLD_SHARE = 0.01
# Estimates: what Lambda writes of a request into a function's log (two JSON lines), the line in the API's
# access log, the answer with its headers.
PLATFORM_BYTES = 700
ACCESS_BYTES = 450
ANSWER_BYTES = 1_000
# Of what comes in a second, X-Ray records the first and 5 % of the others.
TRACED_SHARE = 0.05
FIREHOSE_SECONDS = 60
# Record, manifest and graph.
COLD_READS = 3


@dataclass(frozen=True, slots=True)
class Durations:
    """Seconds of a function on one full processor: a warm request, and a start with its first request."""

    warm: float
    cold: float

    def billed(self, memory: int) -> tuple[float, float]:
        """The same as they are billed, in whole milliseconds, with `memory` MB.

        Less memory is less of a processor, more than one is of no use to one thread. That a short request may
        run at full speed until its share is used up is left out, in favour of the higher bill.
        """
        share = min(1.0, memory / VCPU_MB)
        warm, cold = (math.ceil(seconds / share * 1000) / 1000 for seconds in (self.warm, self.cold))
        return warm, cold

    def dollars(self, memory: int) -> float:
        """Of a million requests, for their duration."""
        warm, cold = self.billed(memory)
        seconds = warm * (1 - COLD_SHARE) + cold * COLD_SHARE
        return seconds * memory / 1024 * prices.LAMBDA_GB_SECOND * MILLION


@dataclass(frozen=True, slots=True)
class Function:
    """A function that takes part in every request."""

    durations: Durations
    memory: int


def per_million(
    predict: Function, authorize: Function, *, rate: float, line_bytes: int, refresh_seconds: float
) -> dict[str, float]:
    """Dollars for a million requests to /predict that come evenly, `rate` a second.

    line_bytes: a line of the prediction log. refresh_seconds: how often a warm function looks for another
    champion.
    """
    log_bytes = line_bytes + 2 * PLATFORM_BYTES + ACCESS_BYTES + 6 * prices.LOG_EVENT_BYTES
    firehose_bytes = math.ceil(line_bytes / prices.FIREHOSE_STEP_BYTES) * prices.FIREHOSE_STEP_BYTES
    puts = min(1.0, 1 / (rate * FIREHOSE_SECONDS))
    reads = min(1.0, 1 / (rate * refresh_seconds)) + COLD_SHARE * COLD_READS
    return {
        "HTTP API": prices.HTTP_API_REQUEST * MILLION,
        "predict: requests": prices.LAMBDA_REQUEST * MILLION,
        "predict: duration": predict.durations.dollars(predict.memory),
        "authorizer: requests": prices.LAMBDA_REQUEST * MILLION,
        "authorizer: duration": authorize.durations.dollars(authorize.memory),
        "CloudWatch Logs": log_bytes * prices.LOG_BYTE * MILLION,
        # CloudWatch hands over what it has: at worst each line is a record of its own.
        "Firehose": firehose_bytes * prices.FIREHOSE_BYTE * MILLION,
        "S3 requests": (puts * prices.S3_PUT + reads * prices.S3_GET) * MILLION,
        "transfer to the internet": ANSWER_BYTES * prices.TRANSFER_BYTE * MILLION,
    }


def tracing_per_million(*, rate: float) -> float:
    """What X-Ray adds with `Tracing=Active`: both functions are traced, each of which decides for itself."""
    return 2 * min(1.0, (1 + TRACED_SHARE * max(0.0, rate - 1)) / rate) * prices.TRACE * MILLION


def per_month_idle(*, alarms: int, stored_bytes: int) -> dict[str, float]:
    """Dollars a month while nobody asks. Functions, API, stream and standard parameters cost nothing then."""
    return {
        f"{alarms} alarms": alarms * prices.ALARM_MONTH,
        "storage of one model and its dataset": stored_bytes * prices.S3_BYTE_MONTH,
    }
