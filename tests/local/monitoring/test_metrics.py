"""The metrics of a runner: true, with few labels, and none that anybody outside chooses."""

import asyncio
import json
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from functions.core.base.errors import StoreUnavailable
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from functions.local.monitoring import exposition, metrics
from functions.local.monitoring.exposition import Exposition
from functions.local.monitoring.metrics import MAX_MODELS, STATUSES, Metrics
from functions.local.monitoring.reports import REPORT_METRICS
from functions.local.platform.function_process import FunctionError, Outcome
from functions.local.platform.gateway import Gateway
from functions.local.platform.template import Cors, Route
from functions.monitor import metrics as of_monitor
from tests.support.versions import NOON, promote
from training.publication.promotion import Status

Samples = dict[tuple[str, ...], float]
"""By name and the values of its labels, in the order of their names."""


class Echo:
    async def invoke(self, event: Any) -> Any:
        path = event["rawPath"]
        if path == "/crash":
            raise FunctionError("Crash", "it crashed")
        return {"statusCode": 404 if path == "/missing" else 200, "body": "{}"}


class Runner:
    """A gateway with metrics over a store, and what it answers."""

    def __init__(self, root: Path, cors: Cors | None = None) -> None:
        self.store = FolderStore(str(root))
        self.metrics = Metrics(["PredictFunction", "RetrainFunction"])
        measured = Exposition(self.metrics, self.store, lambda: {"PredictFunction": True})
        routes = tuple(Route("GET", f"/{name}", "PredictFunction") for name in ("fine", "missing", "crash"))
        self._gateway = Gateway(
            routes, {"PredictFunction": Echo()}, lambda *_: None, cors=cors, metrics=measured
        )

    def ask(self, path: str, method: str = "GET", **headers: str) -> httpx.Response:
        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(self._gateway)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                return await client.request(method, path, headers=headers)

        return asyncio.run(go())

    def scrape(self) -> Samples:
        return {
            (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
            for family in text_string_to_metric_families(self.ask("/metrics").text)
            for sample in family.samples
        }


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runner:
    monkeypatch.setattr(exposition, "REFRESH_SECONDS", 0.0)
    return Runner(tmp_path)


def report_line(model: str = "churn", promotion: int = 1, **values: float) -> str:
    return json.dumps({"_aws": {}, "message": "monitoring", "Model": model, "Champion": promotion, **values})


def test_requests_are_counted_by_function_and_status(runner: Runner) -> None:
    for path in ("/fine", "/fine", "/missing", "/crash", "/nowhere/at/all", "/metrics"):
        runner.ask(path)
    found = runner.scrape()
    counted = {labels[1:]: value for labels, value in found.items() if labels[0] == "lifeboat_requests_total"}
    assert counted == {
        ("PredictFunction", "200"): 2,
        ("PredictFunction", "404"): 1,
        ("PredictFunction", "500"): 1,
        ("none", "404"): 1,
    }
    assert found["lifeboat_request_duration_seconds_count", "PredictFunction"] == 4
    assert 0 < found["lifeboat_request_duration_seconds_sum", "PredictFunction"] < 10


def test_when_a_series_was_begun_is_not_told(runner: Runner) -> None:
    runner.ask("/fine")
    openmetrics = runner.ask("/metrics", accept="application/openmetrics-text").text
    assert [name for name, *_ in runner.scrape() if name.endswith("_created")] == []
    assert "_created" not in openmetrics


def test_a_scrape_tells_which_version_is_in_service(runner: Runner) -> None:
    promote(ModelStore(runner.store, "churn"), "a" * 16, "b" * 16)
    found = runner.scrape()
    assert found["lifeboat_model_info", "churn", "b" * 16] == 1
    assert ("lifeboat_model_info", "churn", "a" * 16) not in found
    assert found["lifeboat_model_promotions", "churn"] == 2
    assert found["lifeboat_store_up",] == 1
    assert found["lifeboat_function_running", "PredictFunction"] == 1


def test_while_the_store_is_away_what_was_known_is_told(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(ModelStore(runner.store, "churn"), "a" * 16)
    runner.scrape()

    def away(*_: Any) -> None:
        raise StoreUnavailable("the store is away")

    monkeypatch.setattr(FolderStore, "list", away)
    found = runner.scrape()
    assert found["lifeboat_store_up",] == 0
    assert found["lifeboat_model_info", "churn", "a" * 16] == 1


def test_a_champion_that_is_damaged_leaves_the_others(runner: Runner) -> None:
    promote(ModelStore(runner.store, "churn"), "a" * 16)
    promote(ModelStore(runner.store, "titanic"), "b" * 16)
    runner.store.put("registry/titanic/champion.json", b"{")
    found = runner.scrape()
    assert found["lifeboat_store_up",] == 1
    assert [labels[1] for labels in found if labels[0] == "lifeboat_model_info"] == ["churn"]


def test_the_registry_is_read_once_in_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runner = Runner(tmp_path)
    read: list[Any] = []

    def counted(store: Any) -> list[str]:
        read.append(store)
        return []

    monkeypatch.setattr(exposition, "names", counted)
    for _ in range(3):
        runner.scrape()
    assert len(read) == 1


def test_what_the_monitor_says_of_a_model_is_told_until_it_says_otherwise(runner: Runner) -> None:
    runner.metrics.read_line(report_line(DriftConfirmed=1, LargestPsi=0.31, LiveRocAuc=0.8))
    runner.metrics.read_line(report_line(DriftConfirmed=0))
    found = runner.scrape()
    assert found["lifeboat_drift_confirmed", "churn"] == 0
    # A window's figures are said once.
    assert found["lifeboat_drift_largest_psi", "churn"] == 0.31
    # Of another champion nothing is known yet.
    runner.metrics.read_line(report_line(promotion=2, DriftConfirmed=0))
    found = runner.scrape()
    assert ("lifeboat_drift_largest_psi", "churn") not in found
    assert found["lifeboat_report_promotion", "churn"] == 2


@pytest.mark.parametrize(
    "line",
    [
        "",
        "no JSON",
        '{"_aws": ',
        '["_aws"]',
        '{"_aws": {}, "Model": 7, "Champion": 1}',
        '{"_aws": {}, "Model": "churn"}',
        '{"_aws": {}, "Champion": 1, "DriftConfirmed": 1, "models": {}}',
        '{"_aws": {}, "Model": "churn", "Champion": "many"}',
        '{"_aws": {}, "Model": "churn", "Champion": true}',
        '{"message": "prediction", "model": "churn"}',
    ],
)
def test_a_line_that_is_no_report_says_nothing(runner: Runner, line: str) -> None:
    runner.metrics.read_line(line)
    assert not [labels for labels in runner.scrape() if labels[0] == "lifeboat_drift_confirmed"]


def test_a_line_that_the_monitor_writes_is_read(runner: Runner, capsys: pytest.CaptureFixture[str]) -> None:
    values = dict.fromkeys(of_monitor.UNITS, 0.5) | {"Champion": 3}
    directives = [of_monitor._directive(["Stage", "Model"], values)]
    of_monitor._write(NOON, "monitoring", directives, {"Stage": "dev", "Model": "churn", **values})
    runner.metrics.read_line(capsys.readouterr().out)
    found = runner.scrape()
    assert found.pop(("lifeboat_report_promotion", "churn")) == 3
    told = [found[metric.name, "churn"] for name, metric in REPORT_METRICS.items() if name != "Champion"]
    assert {*told} == {0.5}


def test_every_metric_that_cloudwatch_has_prometheus_has() -> None:
    assert REPORT_METRICS.keys() == of_monitor.UNITS.keys()


def test_what_becomes_of_uploads_and_events_is_counted(runner: Runner) -> None:
    done = {"results": [{"model": "churn", "status": "promoted"}, {"model": None, "status": "ignored"}]}
    runner.metrics.count_outcome(Outcome("RetrainFunction", {}, answer=done))
    runner.metrics.count_outcome(Outcome("RetrainFunction", {}, error=FunctionError("Crash", "it crashed")))
    odd: Any
    for odd in (None, [], {"results": None}, {"results": [7, {"status": "made up"}]}):
        runner.metrics.count_outcome(Outcome("RetrainFunction", {}, answer=odd))
    with runner.metrics.waiting("RetrainFunction"):
        found = runner.scrape()
    assert found["lifeboat_events_waiting", "RetrainFunction"] == 1
    assert found["lifeboat_events_total", "RetrainFunction", "done"] == 5
    assert found["lifeboat_events_total", "RetrainFunction", "failed"] == 1
    assert found["lifeboat_retrains_total", "churn", "promoted"] == 1
    assert found["lifeboat_retrains_total", "other", "ignored"] == 1
    assert runner.scrape()["lifeboat_events_waiting", "RetrainFunction"] == 0


def test_the_states_of_an_upload_are_those_that_there_are() -> None:
    assert {*get_args(Status), "ignored", "gone"} == STATUSES


def test_there_are_only_so_many_models_whatever_is_made(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(MAX_MODELS + 50):
        runner.metrics.read_line(report_line(f"model-{number}", DriftConfirmed=0))
    runner.metrics.read_line(report_line("no name: {}\n", DriftConfirmed=0))
    models = {labels[1] for labels in runner.scrape() if labels[0] == "lifeboat_drift_confirmed"}
    assert len(models) == MAX_MODELS + 1
    assert metrics.OTHER in models
    monkeypatch.setattr(exposition, "MAX_MODELS", 1)
    for name in ("a", "b", "c"):
        promote(ModelStore(runner.store, name), "a" * 16)
    found = runner.scrape()
    assert found["lifeboat_models_not_shown",] == 2


def test_no_label_is_of_a_callers_choosing(runner: Runner) -> None:
    runner.ask("/lb_key/secret?key=lb_secret", "PATCH", **{"x-api-key": "lb_secret", "user-agent": "me"})
    assert "secret" not in runner.ask("/metrics").text
    families = text_string_to_metric_families(runner.ask("/metrics").text)
    labels = {label for family in families for sample in family.samples for label in sample.labels}
    assert labels <= {"function", "status", "model", "version", "outcome", "le"}


@pytest.mark.parametrize(
    ("headers", "method", "status"),
    [
        ({}, "GET", 200),
        ({}, "HEAD", 200),
        ({}, "POST", 405),
        # Where a name leads here that is not this machine's: DNS rebinding.
        ({"host": "evil.example"}, "GET", 403),
    ],
)
def test_only_this_machine_reads_metrics(
    runner: Runner, headers: dict[str, str], method: str, status: int
) -> None:
    answer = runner.ask("/metrics", method, **headers)
    assert answer.status_code == status
    if status == 200:
        assert answer.headers["content-type"].startswith("text/plain; version=")


def test_no_page_of_another_site_reads_metrics(tmp_path: Path) -> None:
    cors = Cors(("*",), ("GET",), ("x-api-key",), (), None)
    runner = Runner(tmp_path, cors)
    assert "access-control-allow-origin" in runner.ask("/fine", origin="https://example.org").headers
    assert "access-control-allow-origin" not in runner.ask("/metrics", origin="https://example.org").headers
