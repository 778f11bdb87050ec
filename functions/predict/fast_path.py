"""The fast path: a plain POST /predict is answered here, without a web framework.

It is what comes by the million and what a cold start waits for. Whatever is not plainly right (a body that
does not fit, a key without the scope, a store that is away) is left to the whole application,
`functions.predict.app`, which has the words for it. The same functions validate, score and answer in both.
"""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from functions.core.base.ids import MODEL
from functions.core.base.tracing import current_trace
from functions.core.http.limits import ANSWER_HEADERS, MAX_BODY_BYTES, MAX_HEADERS
from functions.core.identity.caller import caller_of
from functions.predict.answers import one_as_json
from functions.predict.rows import read_row
from functions.predict.scoring import Origin
from functions.predict.service import service

_MODEL = re.compile(MODEL)
_ROUTES = {"POST /predict", "POST /models/{model}/predict"}
_HEADERS = {"content-type": "application/json"} | {
    name.decode(): value.decode() for name, value in ANSWER_HEADERS
}


def answer_event(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """The gateway's answer to an HTTP API event (payload format 2.0); None for what is left to the app."""
    headers = event.get("headers") or {}
    if (
        event.get("routeKey") not in _ROUTES
        or event.get("rawQueryString")
        or event.get("isBase64Encoded")
        or headers.get("content-type") != "application/json"
        or "content-encoding" in headers
        or len(headers) > MAX_HEADERS
    ):
        return None
    answer = _answer(event)
    if answer is None:
        return None
    trace = current_trace()
    more = {"traceparent": trace.header} if trace else {}
    return {
        "statusCode": 200,
        "headers": {**_HEADERS, "content-length": str(len(answer)), **more},
        "body": answer.decode(),
        "isBase64Encoded": False,
    }


def _answer(event: Mapping[str, Any]) -> bytes | None:
    """The answer's body; None for whatever has to be refused or explained."""
    try:
        body = (event.get("body") or "").encode()
        if len(body) > MAX_BODY_BYTES:
            return None
        lifeboat = service()
        name = (event.get("pathParameters") or {}).get("model", lifeboat.settings.default_model)
        if not _MODEL.fullmatch(name):
            return None
        caller = caller_of(event)
        caller.require("predict", model=name)
        model = lifeboat.champion(name)
        columns, references = read_row(orjson.loads(body), model.rows)
        origin = Origin(caller.key_id, str(event["requestContext"].get("requestId", "")))
        return one_as_json(lifeboat.predict(columns, model, origin, references), model)
    except Exception:
        # Even for a mistake of ours: the app meets it too, logs it and answers in the envelope.
        return None
