"""Handlers that play Lifeboat's functions for the tests of the drift story's failures, as `FATE` says."""

import json
import os
from datetime import UTC, datetime
from typing import Any

from functions.core.base.ids import new_ids
from functions.core.predictions.records import folder
from functions.core.storage.opening import open_store
from functions.core.storage.view import ModelStore
from tests.support.production import SOMEBODY
from tests.support.titanic import MODEL
from tests.support.versions import publish

OLD, NEW = "0" * 16, "1" * 16


def web(event: dict[str, Any], context: Any) -> Any:
    fate = os.environ["LIFEBOAT_FATE"]
    match event["rawPath"]:
        case "/predict/batch":
            return _scored(len(json.loads(event["body"])["passengers"]), logged=fate != "not logged")
        case "/feedback":
            return {"results": []}
        case "/model":
            return {"version": OLD if fate == "not in service" else NEW}
    return _report(fate)


def train(event: dict[str, Any], context: Any) -> Any:
    key = event["Records"][0]["s3"]["object"]["key"]
    if key.endswith("/titanic.csv"):
        publish(ModelStore(open_store(os.environ["LIFEBOAT_STORE"]), MODEL), NEW)
    held = os.environ["LIFEBOAT_FATE"] == "held by the gate" and key.startswith("datasets/titanic/labelled")
    status, rule = ("published", "proven worse") if held else ("promoted", "non-inferiority")
    return {"results": [{"key": key, "status": status, "version": NEW, "rule": rule, "reason": "as told"}]}


def _scored(count: int, *, logged: bool) -> dict[str, Any]:
    now, ids = datetime.now(UTC), new_ids(count)
    line = {"timestamp": now.isoformat(), "model": MODEL, "version": OLD, "key_id": "", "request_id": ""}
    scored = {"probability": 0.5, "features": SOMEBODY}
    if logged:
        lines = [json.dumps({**line, **scored, "prediction_id": id_}) for id_ in ids]
        open_store(os.environ["LIFEBOAT_STORE"]).put(
            f"{folder(now)}{ids[0]}.jsonl", "\n".join(lines).encode()
        )
    return {"predictions": [{"prediction_id": id_} for id_ in ids]}


def _report(fate: str) -> dict[str, Any]:
    store = open_store(os.environ["LIFEBOAT_STORE"])
    if fate in {"held by the gate", "not in service", "not better", "mended"}:
        key = "datasets/titanic/labelled-1.csv"
        store.put(key, b"")
        training = {"reason": "drift", "outcome": "uploaded", "why": "", "dataset": key, "labels": 1}
    else:
        training = {"reason": "drift", "outcome": "unchanged", "why": "no label", "dataset": None}
    interval = {"value": 0.5, "low": 0.4, "high": 0.6}
    # The new model has scored the fourth passengers.
    is_mended = fate == "mended" and len([*store.list("predictions/")]) == 4
    measured = {**interval, "value": 0.4} if is_mended else interval
    quality = None if fate == "too few labels" else {"metrics": {"log_loss": measured}}
    drift = {"rows": 300, "drifted": [], "features": {}, "confirmed": False}
    return {
        "counted": {"rows": 7},
        "drift": None if fate == "not complete" else drift,
        "live": {"labels": 9, "quality": quality, "holdout": {"log_loss": interval}, "fallen": []},
        "training": training,
    }
