"""What callers of the API do: predict, look up, tell outcomes, have files scored, manage keys, see pages."""

import re
from datetime import UTC, datetime
from typing import Any

import httpx

from functions.core.predictions.records import folder
from tests.deploy.stage import ROUTES, Stage, wait_for
from tests.support.titanic import MODEL, TABLE

ROSE: dict[str, Any] = {"pclass": 1, "sex": "female", "age": 29, "fare": 211.34}
TENSORS = {
    "inputs": [
        {"name": "pclass", "shape": [1, 1], "datatype": "INT64", "data": [1]},
        {"name": "sex", "shape": [1, 1], "datatype": "BYTES", "data": ["female"]},
    ]
}
FRAME = {"dataframe_split": {"columns": ["pclass", "sex"], "data": [[1, "female"]]}}
# What functions/scoring/worker.py keeps back to hand over in.
HURRY_SECONDS = 30
CSV = {"content-type": "text/csv", "accept": "text/csv"}


def ask_open_routes(stage: Stage) -> None:
    """What needs no key, with none: health checks, and the pages with all that they load."""
    for path in ("/health/live", "/health/ready", "/ping", "/v2/health/live", "/v2/health/ready"):
        stage.ask("GET", path, key="")
        stage.ask("HEAD", path, key="")
    page = stage.ask("GET", "/", key="").text
    for path, status in {"/": 200, "/docs": 302, "/openapi.json": 200}.items():
        stage.ask("GET", path, key="", status=status)
        stage.ask("HEAD", path, key="", status=status)
    assets = set(re.findall(r"""["'](/?assets/[^"']+)["']""", page))
    assert assets
    for path in assets:
        stage.ask("GET", f"/{path.lstrip('/')}", key="")
        stage.ask("HEAD", f"/{path.lstrip('/')}", key="")
    nowhere = stage.ask("GET", "/nowhere", key="", status=404)
    assert nowhere.json()["code"] == "NOT_FOUND"


def refuse_strangers(stage: Stage) -> None:
    """Every route that is not open, without a key; and one that takes more than the key may do."""
    for route in ROUTES:
        if route.authorizer:
            path = re.sub(r"\{\w+\+?\}", "x", route.path)
            answer = stage.ask(route.method, path, key="", status=401)
            assert answer.json()["code"] == "UNAUTHORIZED"
    stage.ask("GET", "/model", key=f"lb_00000000_{'0' * 64}", status=401)


def predict(stage: Stage) -> list[str]:
    """In every dialect. Returns the ids of predictions."""
    ids = []
    version = stage.ask("GET", "/model").json()["version"]
    for root in ("", f"/models/{MODEL}"):
        answer = stage.ask("POST", f"{root}/predict", ROSE).json()
        assert answer["survived"] is True
        assert answer["model"] == {"name": MODEL, "version": version}
        ids.append(answer["prediction_id"])
        stage.ask("POST", f"{root}/predict?explain=true", ROSE)
        many = stage.ask("POST", f"{root}/predict/batch", TABLE.read_bytes(), headers=CSV).text
        assert many.count("\n") == TABLE.read_text().count("\n")
        stage.ask("POST", f"{root}/invocations", FRAME)
    stage.ask("POST", "/predict", {**ROSE, "pclass": 4}, status=422)
    stage.ask("GET", f"/models/{MODEL}/openapi.json")
    of = f"/v2/models/{MODEL}"
    for path in ("", "/ready", f"/versions/{version}", f"/versions/{version}/ready"):
        stage.ask("GET", f"{of}{path}")
    for path in ("/infer", f"/versions/{version}/infer"):
        stage.ask("POST", f"{of}{path}", TENSORS)
    for path in ("/v2", "/v2/models", "/version"):
        stage.ask("GET", path)
    return ids


def carry_the_log(stage: Stage, ids: list[str]) -> None:
    """Predictions stand in predict's log group; from there to the store they are carried here.

    In AWS, CloudWatch Logs and Firehose do that. MiniStack takes the subscription and the stream, and
    delivers nothing.
    """
    lines = wait_for("predictions in the log", lambda: _logged(stage, ids))
    body = "".join(f"{line}\n" for line in lines).encode()
    stage.put(f"{folder(datetime.now(UTC))}carried.jsonl", body)


def _logged(stage: Stage, ids: list[str]) -> list[str]:
    """The lines of predictions in the log group; none until all of `ids` are there."""
    pages = stage.emulator.client("logs").get_paginator("filter_log_events")
    events = pages.paginate(logGroupName=stage.resources["PredictLogs"]).build_full_result()["events"]
    texts = [text for event in events for text in event["message"].splitlines()]
    lines = [
        text[text.index("{") :]
        for text in texts
        if '"message": "prediction"' in text or '"message":"prediction"' in text
    ]
    return lines if all(any(id_ in line for line in lines) for id_ in ids) else []


def look_up_predictions(stage: Stage, ids: list[str]) -> None:
    for root, id_ in zip(("", f"/models/{MODEL}"), ids, strict=True):
        stage.ask("GET", f"{root}/predictions/{id_}")
        again = stage.ask("POST", f"{root}/predictions/{id_}/replay").json()
        assert again["identical"] is True


def tell_outcomes(stage: Stage, ids: list[str]) -> None:
    """Label a few, by the queue and in a round."""
    for root, id_ in zip(("", f"/models/{MODEL}"), ids, strict=True):
        queue = stage.ask("GET", f"{root}/feedback/queue").json()
        assert queue["items"]
        drawn = stage.ask("POST", f"{root}/feedback/rounds", {"size": 2}, status=201).json()
        stage.ask("GET", f"{root}/feedback/rounds")
        stage.ask("GET", f"{root}/feedback/rounds/{drawn['id']}")
        stage.ask("POST", f"{root}/feedback", {"prediction_id": id_, "survived": True})
        stage.ask("GET", f"{root}/feedback/progress")
        stage.ask("GET", f"{root}/feedback/export")
        stage.ask("POST", f"{root}/feedback/rounds/{drawn['id']}/lock")


def score_files(stage: Stage) -> None:
    """A file whose upload address the API hands out; and one that is cancelled."""
    for root in ("", f"/models/{MODEL}"):
        begun = stage.ask("POST", f"{root}/scoring", {"file": "march.csv"}, status=202).json()
        put = httpx.put(
            begun["upload"]["url"],
            content=TABLE.read_bytes(),
            headers={"content-type": "text/csv"},
            verify=stage.emulator.trusted(),
            timeout=60,
            trust_env=False,
        )
        assert put.status_code == 200, put.text
        path = f"{root}/scoring/{begun['job']}"
        done = wait_for("a scored file", lambda path=path: _done(stage, path))  # type: ignore[misc]
        result = httpx.get(done["result"]["url"], verify=stage.emulator.trusted(), trust_env=False)
        assert result.text.count("\n") == TABLE.read_text().count("\n")
        waiting = stage.ask("POST", f"{root}/scoring", {"file": "april.csv"}, status=202).json()
        stage.ask("DELETE", f"{root}/scoring/{waiting['job']}")
        listed = stage.ask("GET", f"{root}/scoring").json()["jobs"]
        assert [job["state"] for job in listed[:2]] == ["cancelled", "done"]


def score_in_a_hurry(stage: Stage) -> None:
    """With so little time that each part is handed to another invocation: to the end, a fault, a cancel."""
    client: Any = stage.emulator.client("lambda")
    name = stage.resources["ScoringFunction"]
    usual = client.get_function_configuration(FunctionName=name)["Timeout"]
    client.update_function_configuration(FunctionName=name, Timeout=HURRY_SECONDS)
    head, _, rows = TABLE.read_bytes().partition(b"\n")
    files = {
        "small": head + b"\n" + rows,
        "cut": head + b"\n" + rows + b'1,1,"a',
        "large": head + b"\n" + rows * 250,
    }
    ends = {"small": "done", "cut": "failed", "large": "cancelled"}
    try:
        for file, body in files.items():
            key = f"scoring/{MODEL}/in/{file}.csv"
            stage.put(key, body)
            job = stage.ask("POST", f"/models/{MODEL}/scoring", {"key": key}, status=202).json()["job"]
            path = f"/scoring/{job}"
            if file == "large":
                wait_for("a part", lambda path=path: stage.ask("GET", path).json()["rows"])  # type: ignore[misc]
                stage.ask("DELETE", path)
            wait_for(file, lambda path=path, end=ends[file]: stage.ask("GET", path).json()["state"] == end)  # type: ignore[misc]
    finally:
        client.update_function_configuration(FunctionName=name, Timeout=usual)


def _done(stage: Stage, path: str) -> dict[str, Any] | None:
    job: dict[str, Any] = stage.ask("GET", path).json()
    assert job["state"] != "failed", job
    return job if job["state"] == "done" else None


def manage_keys(stage: Stage) -> None:
    stage.ask("GET", "/people")
    asked = {"scopes": ["predict"], "note": "by the API", "models": ["no-such-model"]}
    made = stage.ask("POST", "/keys", asked, status=201).json()
    assert "no model no-such-model" in made["notes"][0]
    listed = stage.ask("GET", "/keys").json()["keys"]
    assert made["id"] in {key["id"] for key in listed}
    stage.ask("DELETE", f"/keys/{made['id']}")
    stage.ask("DELETE", "/keys/00000000", status=404)
