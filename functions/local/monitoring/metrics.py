"""The metrics of a runner, as Prometheus takes them.

Labels are functions, statuses, models and versions: no key, no row, no path, nothing that a caller chooses.
How many there can be is limited, whatever is asked: functions are those of the template, statuses those of
HTTP, and of more than a hundred models the rest are one.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

from functions.core.registry.models import is_model_name
from functions.local.monitoring.reports import REPORT_METRICS, read_report_line
from functions.local.platform.function_process import Outcome

MAX_MODELS = 100
# Stands for whatever has no label of its own.
OTHER = "other"
# In place of a function, of a request that none of them was asked for.
NO_FUNCTION = "none"
# A warm prediction takes some milliseconds, a cold start hundreds, a batch seconds; the gateway waits 30.
SECONDS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
STATUSES = frozenset({"promoted", "published", "already published", "rejected", "ignored", "gone"})


class Metrics:
    """Counts what a runner does, and keeps what the monitor said last of each model."""

    def __init__(self, functions: Collection[str]) -> None:
        # When a series was begun, which nobody asks: a third of the lines.
        # The library says nothing of its types there.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._functions = frozenset(functions)
        self._models: set[str] = set()
        self._promotions: dict[str, float] = {}
        self._requests = Counter(
            "lifeboat_requests",
            "Requests that were answered, by the function that was asked and the status of the answer",
            ["function", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "lifeboat_request_duration_seconds",
            "From a request to its answer, by the function that was asked",
            ["function"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self._events = Counter(
            "lifeboat_events",
            "Events of uploads, schedules and jobs that came to an end, by the function that was given them",
            ["function", "outcome"],
            registry=self.registry,
        )
        self._waiting = Gauge(
            "lifeboat_events_waiting",
            "Events that a function has not done with yet: the queue",
            ["function"],
            registry=self.registry,
        )
        self._retrains = Counter(
            "lifeboat_retrains", "What became of uploads", ["model", "status"], registry=self.registry
        )
        self._reports = {
            name: Gauge(metric.name, metric.help, ["model"], registry=self.registry)
            for name, metric in REPORT_METRICS.items()
        }
        for function in self._functions:
            # What never failed is 0, and not absent: a rate of what is absent is nothing.
            self._waiting.labels(function)
            for outcome in ("done", "failed"):
                self._events.labels(function, outcome)

    def count_request(self, function: str | None, status: int, seconds: float) -> None:
        """function: the template's id of the one that was asked; None where none was."""
        name = function if function in self._functions else NO_FUNCTION
        self._requests.labels(name, str(status)).inc()
        self._seconds.labels(name).observe(seconds)

    @contextmanager
    def waiting(self, function: str) -> Iterator[None]:
        """While an event is on its way through a function."""
        with self._waiting.labels(self._function(function)).track_inprogress():
            yield

    def count_outcome(self, outcome: Outcome) -> None:
        """What became of an event; of uploads, of each."""
        ended = "failed" if outcome.error else "done"
        self._events.labels(self._function(outcome.function), ended).inc()
        results = outcome.answer.get("results", ()) if isinstance(outcome.answer, dict) else ()
        for result in results if isinstance(results, list) else ():
            if isinstance(result, dict) and (status := result.get("status")) in STATUSES:
                self._retrains.labels(self.model(str(result.get("model"))), status).inc()

    def read_line(self, line: str) -> None:
        """Take what a line of the monitor's log says of a model; any other line says nothing."""
        report = read_report_line(line)
        if report is None:
            return
        model = self.model(report.model)
        if self._promotions.get(model) != report.promotion:
            # What was said of another champion does not hold for this one.
            self._promotions[model] = report.promotion
            for gauge in self._reports.values():
                gauge.remove_by_labels({"model": model})
        for name, value in report.values.items():
            self._reports[name].labels(model).set(value)

    def model(self, name: str) -> str:
        """The label of a model."""
        if name in self._models:
            return name
        if len(self._models) >= MAX_MODELS or not is_model_name(name):
            return OTHER
        self._models.add(name)
        return name

    def _function(self, id_: str) -> str:
        return id_ if id_ in self._functions else OTHER
