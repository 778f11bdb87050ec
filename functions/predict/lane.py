"""The short way: a plain POST /predict is answered here, without a web framework.

It is what comes by the million and what a cold start waits for. Whatever is not plainly right (a body that
does not fit, a key without the scope, a store that is away) takes the long way, through
`functions.predict.app`, which has the words for it. The same functions validate, score and answer on both.
"""

from collections.abc import Mapping
from typing import Any

from functions.core.http.limits import ANSWER_HEADERS, MOST_BODY_BYTES, MOST_HEADERS
from functions.core.identity.caller import caller_of
from functions.core.schema.columns import to_columns
from functions.core.schema.passenger import Passenger
from functions.predict.answers import one_as_json
from functions.predict.predict import Origin
from functions.predict.service import service

_HEADERS = {"content-type": "application/json"} | {
    name.decode(): value.decode() for name, value in ANSWER_HEADERS
}


def answer_event(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """The gateway's answer to an HTTP API event (payload format 2.0); None for what takes the long way."""
    headers = event.get("headers") or {}
    if (
        event.get("routeKey") != "POST /predict"
        or event.get("rawQueryString")
        or event.get("isBase64Encoded")
        or headers.get("content-type") != "application/json"
        or len(headers) > MOST_HEADERS
    ):
        return None
    answer = _answer(event)
    if answer is None:
        return None
    return {
        "statusCode": 200,
        "headers": {**_HEADERS, "content-length": str(len(answer))},
        "body": answer.decode(),
        "isBase64Encoded": False,
    }


def _answer(event: Mapping[str, Any]) -> bytes | None:
    """The answer's body; None for whatever has to be refused or explained."""
    try:
        body = (event.get("body") or "").encode()
        caller = caller_of(event)
        caller.require("predict")
        if len(body) > MOST_BODY_BYTES:
            return None
        model = service().model()
        columns = to_columns([Passenger.model_validate_json(body)])
        origin = Origin(caller.key_id, str(event["requestContext"].get("requestId", "")))
        return one_as_json(service().predict(columns, model, origin), model)
    except Exception:
        # Even for a mistake of ours: the long way meets it too, logs it and answers in the envelope.
        return None
