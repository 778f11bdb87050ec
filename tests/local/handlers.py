"""Handlers for the local runner's tests: what a worker process imports instead of Lifeboat's functions."""

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

VERSION = "0123456789abcdef"


def echo(event: Any, context: Any) -> Any:
    """Everything a handler gets to see."""
    print("echoing")
    return {
        "event": event,
        "process": os.getpid(),
        "request_id": context.aws_request_id,
        "function_name": context.function_name,
        "memory": context.memory_limit_in_mb,
        "arn": context.invoked_function_arn,
        "remaining": context.get_remaining_time_in_millis(),
        "environment": os.environ.get("GREETING"),
        "standard_input": sys.stdin.read(),
    }


def act(event: dict[str, Any], context: Any) -> Any:
    """Do what the event says, the bad things too."""
    match event["do"]:
        case "raise":
            raise LookupError("no such passenger")
        case "return a set":
            return {1, 2}
        case "exit":
            sys.exit("settings do not fit")
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "sleep":
            Path(event["started"]).write_text(str(os.getpid()))
            time.sleep(event.get("seconds", 60))
        case "write":
            print("x" * event["length"])
    return {"process": os.getpid()}


def web(event: dict[str, Any], context: Any) -> Any:
    """An HTTP function: answers with the event, or plays the part of functions/predict."""
    match event["rawPath"]:
        case "/predict":
            return {"survived": True, "churned": "yes", "probability": 0.956}
        case "/models/churn/predict":
            return {"churned": "no", "probability": 0.125}
    return {
        "statusCode": 418,
        "headers": {"X-Kettle": "yes"},
        "cookies": ["a=1", "b=2"],
        "body": event["rawPath"],
    }


def train(event: dict[str, Any], context: Any) -> Any:
    """Plays the part of functions/retrain: publishes a version of mere bytes, with the schema of the store.

    Fails at the first attempt, if the environment says so.
    """
    # Imported here: the other handlers start without it in a quarter of the time.
    from functions.core.base.errors import NotFound
    from functions.core.registry.manifest import Columns
    from functions.core.schema.document.parsing import read_schema
    from functions.core.stats.records import Interval
    from functions.core.storage.opening import open_store
    from functions.core.storage.view import SCHEMA, ModelStore
    from tests.support.versions import facts, publish

    key = unquote_plus(event["Records"][0]["s3"]["object"]["key"])
    marker = os.environ.get("LIFEBOAT_FAIL_ONCE")
    if marker and not Path(marker).exists():
        Path(marker).touch()
        raise ConnectionError("the store is away")
    answer = {"key": key, "version": VERSION, "reason": "as told"}
    if "bad" in key:
        return {"results": [answer | {"status": "rejected"}]}
    _, model, _ = key.split("/")
    store = ModelStore(open_store(os.environ["LIFEBOAT_STORE"]), model)
    columns = Columns(used=["age", "plan"], passed_over=["customer"], missing=["city"])
    dataset = facts(rows=3, rejected_rows=1, train_rows=2, holdout_rows=1, columns=columns)
    metrics = {"roc_auc": Interval(value=0.87, low=0.82, high=0.92)}
    with suppress(NotFound):
        publish(store, VERSION, schema=read_schema(store.get(SCHEMA).body), dataset=dataset, metrics=metrics)
    return {"results": [answer | {"status": "promoted"}]}


def tick(event: dict[str, Any], context: Any) -> Any:
    return {"due": event}


def mute(event: dict[str, Any], context: object) -> dict[str, Any]:
    return {"statusCode": 404, "body": "not here"}


def watched(event: dict[str, Any], context: Any) -> Any:
    """What a handler in the runner's process sees of it, and what it writes."""
    print('{"message": "a line of the log"}')
    if event.get("do") == "act":
        return act(event["event"], context)
    return {
        "process": os.getpid(),
        "thread": threading.current_thread().name,
        "function_name": os.environ["AWS_LAMBDA_FUNCTION_NAME"],
        "greeting": os.environ["GREETING"],
        "remaining": context.get_remaining_time_in_millis(),
    }


def stops(event: dict[str, Any], context: Any) -> Any:
    """An HTTP function with a breakpoint in it."""
    kettle = event["rawPath"]
    breakpoint()  # noqa: T100 - the subject of tests/local/platform/test_debugged_function.py
    return {"statusCode": 200, "body": kettle}
