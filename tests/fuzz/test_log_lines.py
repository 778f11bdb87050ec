"""Whatever lies in the prediction log, what reads it passes over what is damaged and finds what is not."""

import json
from datetime import UTC, datetime
from typing import Any

from functions.core.predictions.records import folder
from functions.feedback.handler import handler as feedback
from functions.monitor.handler import handler as monitor
from functions.predict.handler import handler as predict
from tests.fuzz.answers import check_answer
from tests.fuzz.campaign import Campaign
from tests.fuzz.log_lines import objects
from tests.fuzz.world import World
from tests.support import gateway


def test_a_damaged_line_hides_no_other(campaign: Campaign, world: World) -> None:
    whole = world.predictions[0]

    def check(body: bytes) -> str:
        path = world.folder / folder(datetime.now(UTC)) / "a.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        for line in filter(None, body.split(b"\n")):
            if id_ := _id_in(line):
                ask(predict, "GET", f"/predictions/{id_}")
                ask(predict, "POST", f"/predictions/{id_}/replay")
                ask(feedback, "POST", "/feedback", {"prediction_id": id_, "survived": True})
        assert ask(predict, "GET", f"/predictions/{whole}")["statusCode"] == 200
        queue = ask(feedback, "GET", "/feedback/queue?limit=100")
        assert whole in {item["prediction_id"] for item in json.loads(queue["body"])["items"]}
        for path_ in ("/feedback/progress", "/feedback/export"):
            assert ask(feedback, "GET", path_)["statusCode"] == 200
        report = ask(monitor, "POST", "/monitoring/run")
        assert report["statusCode"] == 200, report["body"]
        world.restore()
        return "read"

    campaign.run(objects(world.versions), check, cases=25)


def ask(handler: Any, method: str, path: str, body: Any = None) -> dict[str, Any]:
    event = gateway.read_event("http_predict")
    answer = gateway.send(handler, method, path, None if body is None else json.dumps(body), scopes="admin")
    # Of a prediction whose record is damaged, that is what there is to say.
    check_answer(event, answer, meant={"UNUSABLE_RECORD"})
    return answer


def _id_in(line: bytes) -> str:
    """The id of a prediction that a line tells of, if it can be asked for."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return ""
    id_ = record.get("prediction_id") if isinstance(record, dict) else None
    return id_ if isinstance(id_, str) and id_.isascii() and id_.replace("-", "").isalnum() else ""
