"""Whatever the gateway hands over, each function answers, in JSON that can be read, and never with a 500."""

from typing import Any

import pytest

from functions.datasets.handler import handler as datasets
from functions.feedback.handler import handler as feedback
from functions.models.handler import handler as models
from functions.monitor.handler import handler as monitor
from functions.predict.handler import handler as predict
from functions.scoring.http_handler import handler as scoring
from tests.fuzz.answers import check_answer
from tests.fuzz.campaign import Campaign
from tests.fuzz.events import Event, events, routes
from tests.fuzz.world import World
from tests.support.gateway import Handler

HANDLERS: dict[str, Handler] = {
    "PredictFunction": predict,
    "ModelsFunction": models,
    "DatasetsFunction": datasets,
    "FeedbackFunction": feedback,
    "MonitorFunction": monitor,
    "ScoringApiFunction": scoring,
}


@pytest.mark.parametrize("function", HANDLERS)
def test_every_request_gets_an_answer_that_can_be_read(
    campaign: Campaign, world: World, function: str
) -> None:
    handler: Any = HANDLERS[function]

    def check(event: Event) -> str:
        try:
            return check_answer(event, handler(event, None))
        finally:
            world.restore()

    campaign.run(events(routes(function), world), check, cases=80)
