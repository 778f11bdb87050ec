"""The way from an event to an answer: what Lambda would not hand over is refused in words of ours."""

import json
import os
from typing import Any

import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from functions.core.http.compression import Compression
from functions.core.http.lambda_entry import lambda_handler
from functions.core.http.limits import MAX_ANSWER_BYTES
from tests.support import gateway


def ask(body: str, *, media_type: str = "text/csv", **headers: str) -> dict[str, Any]:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(body, media_type=media_type)(scope, receive, send)

    return gateway.send(lambda_handler(Compression(app)), "GET", "/feedback/export", headers=headers)


def size(answer: dict[str, Any]) -> int:
    return len(json.dumps(answer, ensure_ascii=False).encode())


@pytest.mark.parametrize("line", ["1,2,3\n", "ä,ö,ü\n", '"""",""""\n'], ids=["ASCII", "UTF-8", "quotes"])
def test_an_answer_that_lambda_would_not_hand_over_says_what_to_do(line: str) -> None:
    small = ask(line * (MAX_ANSWER_BYTES // 2 // size({"": line})))
    assert (small["statusCode"], small["body"][: len(line)]) == (200, line)
    answer = ask(line * (2 * MAX_ANSWER_BYTES // len(line)))
    assert answer["statusCode"] == 413
    assert answer["headers"]["cache-control"] == "no-store"
    assert answer["headers"]["content-type"] == "application/json"
    told = json.loads(answer["body"])
    assert told["code"] == "ANSWER_TOO_LARGE"
    assert "6,291,456 bytes" in told["error"]
    assert "fewer rows" in told["error"]
    assert "accept-encoding: gzip" in told["error"]
    assert told["request_id"]


def test_one_that_is_small_enough_in_gzip_is_answered() -> None:
    answer = ask("1,2,3\n" * MAX_ANSWER_BYTES, **{"accept-encoding": "gzip"})
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (200, True)
    assert size(answer) < MAX_ANSWER_BYTES


def test_who_takes_gzip_already_is_not_told_to() -> None:
    noise = os.urandom(MAX_ANSWER_BYTES).hex()
    answer = ask(noise, **{"accept-encoding": "gzip"})
    assert answer["statusCode"] == 413
    assert "gzip" not in json.loads(answer["body"])["error"]


def test_the_largest_answer_is_as_large_as_lambda_allows() -> None:
    empty = size(ask("x"))
    room = MAX_ANSWER_BYTES - empty
    # The header content-length has a digit more for each power of ten.
    exact = ask("x" * (room + 1 - len(str(room)) + 1))
    assert (exact["statusCode"], size(exact)) == (200, MAX_ANSWER_BYTES)
    assert ask("x" * (room + 1 - len(str(room)) + 2))["statusCode"] == 413
