"""Handlers for the local runner's tests: what a worker process imports instead of Lifeboat's functions."""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any


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
        case "/model":
            return {
                "version": "0123456789abcdef",
                "model": "gradient boosting",
                "metrics": {"roc_auc": {"value": 0.87, "low": 0.82, "high": 0.92}},
                "dataset": {"rows": 3, "rejected_rows": 1, "train_rows": 2, "holdout_rows": 1},
                "certificate": {"rows": 3, "edge_rows": 9, "largest_difference": 1e-7, "label_flips": 0},
            }
        case "/predict":
            return {"survived": True, "probability": 0.956}
    return {
        "statusCode": 418,
        "headers": {"X-Kettle": "yes"},
        "cookies": ["a=1", "b=2"],
        "body": event["rawPath"],
    }


def train(event: dict[str, Any], context: Any) -> Any:
    """Plays the part of functions/retrain. Fails at the first attempt, if the environment says so."""
    key = event["Records"][0]["s3"]["object"]["key"]
    marker = os.environ.get("FAIL_ONCE")
    if marker and not Path(marker).exists():
        Path(marker).touch()
        raise ConnectionError("the store is away")
    status = "rejected" if "bad" in key else "promoted"
    return {"results": [{"key": key, "status": status, "version": "0123456789abcdef", "reason": "as told"}]}


def tick(event: dict[str, Any], context: Any) -> Any:
    return {"due": event}
