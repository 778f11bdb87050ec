"""The Lambda runtime in miniature, one invocation at a time."""

import json
import time
from typing import Any

import pytest

from functions.local.platform.worker import Context, invoke, load


def line(event: Any, deadline: float | None = None) -> str:
    context = {
        "aws_request_id": "r1",
        "function_name": "f",
        "invoked_function_arn": "arn:aws:lambda:us-east-1:123456789012:function:f",
        "memory_limit_in_mb": "128",
        "deadline": deadline or time.time() + 3,
    }
    return json.dumps({"event": event, "context": context})


def test_a_handler_gets_the_event_and_a_context() -> None:
    def handler(event: Any, context: Context) -> Any:
        return [event, context.aws_request_id, context.get_remaining_time_in_millis() > 2000]

    assert json.loads(invoke(handler, line({"a": 1}))) == {"result": [{"a": 1}, "r1", True]}


def test_no_time_remains_after_the_deadline() -> None:
    answer = invoke(lambda event, context: context.get_remaining_time_in_millis(), line({}, deadline=1.0))
    assert json.loads(answer) == {"result": 0}


def test_an_error_is_answered_as_lambda_does_and_logged(capfd: pytest.CaptureFixture[str]) -> None:
    def handler(event: Any, context: Context) -> Any:
        raise LookupError("no such passenger")

    answer = json.loads(invoke(handler, line({})))
    assert answer == {"error": {"errorMessage": "no such passenger", "errorType": "LookupError"}}
    assert "Traceback" in capfd.readouterr().err


@pytest.mark.parametrize("result", [{1, 2}, float("nan"), object()])
def test_a_result_that_json_does_not_know_is_an_error(result: Any) -> None:
    assert "error" in json.loads(invoke(lambda event, context: result, line({})))


def test_a_handler_is_loaded_by_its_name() -> None:
    assert load("operator.add")(1, 2) == 3
