"""The hour of the schedule, POST /monitoring/run and its relatives: the Lambda entry point."""

from typing import Any

from mangum import Mangum

from functions.monitor.app import app
from functions.monitor.service import service

_over_http = Mangum(app, lifespan="off")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    if event.get("source") == "aws.events":
        return service().run_on_schedule()
    return _over_http(event, context)
