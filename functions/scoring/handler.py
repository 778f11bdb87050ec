"""A file that was put below scoring/{model}/in/, a job to go on with, a file of many: the Lambda entry point
of what scores."""

from typing import Any

from functions.scoring.events import answer_event
from functions.scoring.service import service


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return answer_event(service(), event, lambda: context.get_remaining_time_in_millis() / 1000)
