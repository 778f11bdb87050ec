"""What programs ask of the API while people look at its pages: predictions, which are then in the log."""

import time
from typing import Any

import httpx

from tests.browser.visits import SECONDS
from tests.stories.local_stack import Stack

_LOOK_SECONDS = 0.2


def get(stack: Stack, path: str) -> dict[str, Any]:
    """The JSON of an answer, to the key of the run."""
    answer = httpx.get(f"{stack.api}{path}", headers=stack.headers, timeout=SECONDS, trust_env=False)
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def post(stack: Stack, path: str, body: Any) -> dict[str, Any]:
    """The same of a POST."""
    answer = httpx.post(
        f"{stack.api}{path}", json=body, headers=stack.headers, timeout=SECONDS, trust_env=False
    )
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def ask_about(stack: Stack, rows: list[dict[str, Any]]) -> list[str]:
    """Have rows scored. Returns the ids of their predictions, once all are in the log."""
    answer = post(stack, "/predict/batch", {"rows": rows})
    ids = [prediction["prediction_id"] for prediction in answer["predictions"]]
    _wait_for_log(stack, ids[-1])
    return ids


def _wait_for_log(stack: Stack, prediction_id: str) -> None:
    """Until a prediction is found in the log, to which its line is shipped."""
    url = f"{stack.api}/predictions/{prediction_id}"
    until = time.monotonic() + SECONDS
    while not httpx.get(url, headers=stack.headers, timeout=SECONDS, trust_env=False).is_success:
        assert time.monotonic() < until, f"prediction {prediction_id} is not in the log"
        time.sleep(_LOOK_SECONDS)
