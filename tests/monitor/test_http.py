"""The monitor's routes and its schedule, through the handler: who may, what is answered, what is refused."""

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from functions.core.registry.keys import CHAMPION
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from functions.local.platform.events import scheduled_event
from functions.local.platform.template import read_template
from functions.monitor import service
from functions.monitor.handler import handler
from functions.monitor.state import STATE
from tests.monitor.churn import churning, log_churn
from tests.monitor.monitoring import UPLOADED, Context, serve_labelled
from tests.support import gateway
from tests.support.declared import TEMPLATE
from tests.support.titanic import MODEL, TABLE

Call = Callable[..., tuple[int, Any]]
UNKNOWN = "0" * 16
READ = [
    "/monitoring/report",
    "/monitoring/reports",
    "/monitoring/reports/1",
    "/monitoring/traffic",
    "/openapi.json",
]
ACT = ["/monitoring/run", "/training"]


@pytest.fixture
def store(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelStore]:
    shutil.copytree(published, tmp_path / "store")
    store = ModelStore(FolderStore(str(tmp_path / "store")), MODEL)
    store.put(UPLOADED, TABLE.read_bytes())
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path / "store"))
    service.service.cache_clear()
    yield store
    service.service.cache_clear()


@pytest.fixture
def call(store: ModelStore) -> Call:
    """Sends one request through the handler, as the gateway would; returns status and what the body holds."""

    def call(method: str, path: str, scopes: str | None = "admin", models: str = "") -> tuple[int, Any]:
        return gateway.call(handler, method, path, key_id="abc", scopes=scopes, models=models)

    return call


# ---- The schedule


def test_the_hour_of_the_schedule_runs_the_monitor(store: ModelStore) -> None:
    [schedule] = [one for one in read_template(TEMPLATE).schedules if one.function == "MonitorFunction"]
    serve_labelled(store, 5)
    event = scheduled_event(schedule, datetime.now(UTC))
    answer = handler(event, Context())
    assert answer["models"][MODEL]["report"] == 1
    assert answer["models"][MODEL]["training"]["outcome"] == "not due"
    assert handler(event, Context()) == answer


def test_before_there_is_a_model_the_schedule_has_nothing_to_watch(
    store: ModelStore, capsys: pytest.CaptureFixture[str]
) -> None:
    store.delete(CHAMPION)
    assert handler({"source": "aws.events"}, Context()) == {"models": {}}
    assert "nothing to watch" in capsys.readouterr().out


# ---- Reports


def test_a_run_is_answered_with_its_report_which_stays(call: Call, store: ModelStore) -> None:
    assert call("GET", "/monitoring/report")[0] == 404
    serve_labelled(store, 60)
    status, report = call("POST", "/monitoring/run")
    assert status == 200
    assert (report["sequence"], report["counted"]["rows"], report["live"]["labels"]) == (1, 60, 60)
    assert call("GET", "/monitoring/report") == call("GET", "/monitoring/reports/1") == (200, report)


def test_reports_come_in_pages_newest_first(call: Call, store: ModelStore) -> None:
    for seed in range(5):
        serve_labelled(store, 1, seed)
        call("POST", "/monitoring/run")
    _, first = call("GET", "/monitoring/reports?limit=3")
    assert ([one["sequence"] for one in first["reports"]], first["next"]) == ([5, 4, 3], 3)
    _, second = call("GET", f"/monitoring/reports?limit=3&before={first['next']}")
    assert ([one["sequence"] for one in second["reports"]], second["next"]) == ([2, 1], None)
    # A run that died has not written its report yet: the next one will.
    store.delete("monitoring/reports/00000005.json")
    _, first = call("GET", "/monitoring/reports?limit=3")
    assert [one["sequence"] for one in first["reports"]] == [4, 3]
    call("POST", "/monitoring/run")
    assert call("GET", "/monitoring/reports/5")[0] == 200


def test_traffic_is_told_hour_by_hour_once_the_monitor_has_looked(call: Call, store: ModelStore) -> None:
    status, answer = call("GET", "/monitoring/traffic")
    assert (status, answer["code"]) == (404, "NOT_FOUND")
    serve_labelled(store, 7)
    _, report = call("POST", "/monitoring/run")
    status, found = call("GET", "/monitoring/traffic?days=1")
    assert (status, found["until"]) == (200, report["at"])
    assert sum(hour["predictions"] for hour in found["hours"]) == 7
    assert {*found["hours"][0]} == {"hour", "predictions", "versions", "refused", "median_ms", "p95_ms"}
    assert call("GET", "/models/titanic/monitoring/traffic?days=1") == (200, found)
    for days in ("0", "15", "many"):
        status, answer = call("GET", f"/monitoring/traffic?days={days}")
        assert (status, answer["detail"][0]["loc"]) == (422, ["query", "days"])


def test_a_report_or_a_state_that_is_damaged_is_told(call: Call, store: ModelStore) -> None:
    call("POST", "/monitoring/run")
    store.put("monitoring/reports/00000001.json", b"junk")
    status, answer = call("GET", "/monitoring/reports/1")
    assert (status, answer["code"]) == (503, "UNUSABLE_RECORD")
    assert answer["error"] == "report 1 is damaged, or of an earlier release"
    # Among others it is passed over, and named.
    assert call("GET", "/monitoring/reports")[1] == {"reports": [], "damaged": [1], "next": None}
    store.put(STATE, b"junk")
    status, answer = call("GET", "/monitoring/report")
    assert (status, answer["code"]) == (503, "UNUSABLE_RECORD")
    assert "delete it" in answer["error"]


# ---- Training on request


def test_who_asks_for_a_model_gets_one_of_what_was_labelled(call: Call, store: ModelStore) -> None:
    status, training = call("POST", "/training")
    assert (status, training["outcome"]) == (202, "unchanged")
    serve_labelled(store, 5)
    status, training = call("POST", "/training")
    assert (status, training["outcome"], training["labels"]) == (202, "uploaded", 5)
    assert store.head(store.relative(training["dataset"])).size > 0


def test_what_holds_a_training_up_is_a_conflict(
    call: Call, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIFEBOAT_MAX_TRAININGS_A_DAY", "1")
    service.service.cache_clear()
    serve_labelled(store, 1)
    assert call("POST", "/training")[0] == 202
    serve_labelled(store, 1, seed=1)
    status, answer = call("POST", "/training")
    assert (status, answer["code"]) == (409, "CONFLICT")
    assert "1 trainings were started within a day" in answer["error"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/monitoring/reports/7", 404),
        ("/monitoring/reports/0", 422),
        ("/monitoring/reports?limit=101", 422),
        ("/monitoring/nothing", 404),
    ],
)
def test_what_is_not_there_or_does_not_fit_is_refused(call: Call, path: str, status: int) -> None:
    call("POST", "/monitoring/run")
    found, answer = call("GET", path)
    assert found == status
    assert answer["error"]


def test_a_model_that_there_is_not_is_told_from_one_without_a_report(call: Call) -> None:
    for path in ("report", "reports", "traffic"):
        status, answer = call("GET", f"/models/{MODEL}/monitoring/{path}")
        assert (status, answer["error"][:31]) == (404, "there is no report of the model")
        status, answer = call("GET", f"/models/nowhere/monitoring/{path}")
        assert (status, answer["error"]) == (
            404,
            "there is no model nowhere; GET /models lists those there are",
        )


# ---- Access, documents


@pytest.mark.parametrize("path", READ)
def test_reading_takes_a_key_that_may_read(call: Call, path: str) -> None:
    assert call("GET", path, None)[0] == 401
    assert call("GET", path, "feedback")[0] == 403
    assert call("GET", path, "predict")[0] == 403
    assert call("GET", path, "read")[0] in {200, 404}


@pytest.mark.parametrize("path", ACT)
def test_having_something_done_takes_an_administrator_and_is_logged(
    call: Call, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("POST", path, None)[0] == 401
    assert call("POST", path, "predict feedback")[0] == 403
    assert call("POST", path)[0] in {200, 202}
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    asked = [line for line in lines if line["message"] == "administrator"]
    assert [(line["key_id"], line["route"]) for line in asked] == [("abc", f"POST {path}")]


def test_without_a_champion_a_run_says_so(call: Call, store: ModelStore) -> None:
    store.delete(CHAMPION)
    status, answer = call("POST", "/monitoring/run")
    assert (status, answer["code"]) == (503, "NO_CHAMPION")


def test_the_document_has_every_route_and_the_routes_are_the_templates(call: Call) -> None:
    _, document = call("GET", "/openapi.json")
    found = {f"{method.upper()} {path}" for path, one in document["paths"].items() for method in one}
    declared = {route.key for route in read_template(TEMPLATE).routes if route.function == "MonitorFunction"}
    assert declared == found
    for path in document["paths"].values():
        for operation in path.values():
            assert {"401", "403", "503"} <= operation["responses"].keys()


# ---- Any model


@pytest.fixture
def other(store: ModelStore) -> ModelStore:
    """A second model in service, of another table."""
    return churning(store._store)


@pytest.mark.parametrize("path", [*READ, *ACT])
def test_every_route_is_there_for_the_model_in_its_path_as_well(
    call: Call, other: ModelStore, path: str
) -> None:
    method = "POST" if path in ACT else "GET"
    of_documents = path == "/openapi.json"
    status, answer = call(method, f"/models/churn{path}")
    assert status in ({404} if of_documents else {200, 202, 404})
    assert of_documents or status != 404 or answer["error"] != "not found"


def test_each_model_has_reports_of_its_own(call: Call, store: ModelStore, other: ModelStore) -> None:
    serve_labelled(store, 5)
    log_churn(other, 7)
    _, mine = call("POST", "/monitoring/run")
    _, theirs = call("POST", "/models/churn/monitoring/run")
    assert (mine["model"], mine["counted"]["rows"]) == (MODEL, 5)
    assert (theirs["model"], theirs["counted"]["rows"]) == ("churn", 7)
    assert call("GET", f"/models/{MODEL}/monitoring/report") == call("GET", "/monitoring/report")
    assert call("GET", "/models/churn/monitoring/reports/1") == (200, theirs)


def test_a_key_for_some_models_reads_and_has_done_what_is_theirs_alone(
    call: Call, store: ModelStore, other: ModelStore
) -> None:
    assert call("POST", "/models/churn/monitoring/run", models="churn")[0] == 200
    assert call("GET", "/models/churn/monitoring/report", "read", models="churn")[0] == 200
    for method, path in [
        ("POST", "/monitoring/run"),
        ("POST", f"/models/{MODEL}/training"),
    ]:
        status, answer = call(method, path, models="churn")
        assert (status, answer["code"]) == (403, "FORBIDDEN")
    assert call("GET", "/monitoring/report", models=f"churn {MODEL}")[0] == 404


def test_a_key_for_any_model_reads_the_document(call: Call) -> None:
    assert call("GET", "/openapi.json", "read", models="churn")[0] == 200
    assert call("GET", "/openapi.json", "feedback", models="churn")[0] == 403


@pytest.mark.parametrize(
    ("name", "status"), [("nobody", 404), ("Nobody", 404), ("%2E%2E", 404), ("a" * 41, 404)]
)
def test_a_model_that_is_not_there_has_no_report(call: Call, name: str, status: int) -> None:
    assert call("GET", f"/models/{name}/monitoring/report")[0] == status
    assert call("POST", f"/models/{name}/monitoring/run")[0] in {404, 503}


@pytest.mark.parametrize("path", ["/monitoring/reports/{}", "/monitoring/reports?before={}"])
def test_a_number_that_no_report_can_have_is_refused(call: Call, path: str) -> None:
    for number in ("100000000", "9" * 300, "0"):
        status, refusal = call("GET", path.format(number))
        assert (status, refusal["code"]) == (422, "INVALID_INPUT")
        assert "monitoring/" not in str(refusal)
    assert call("GET", "/monitoring/reports/99999999")[0] == 404
