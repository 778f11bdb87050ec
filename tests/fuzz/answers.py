"""What every answer of an HTTP function has to be, whatever was asked."""

import base64
import gzip
import json
from collections.abc import Set
from typing import Any

Answer = dict[str, Any]

# Refusals that stand for something outside: what answers was never asked, or has nothing to answer with.
MEANT = frozenset({"STORE_UNAVAILABLE", "NO_CHAMPION"})


def check_answer(event: dict[str, Any], answer: Answer, *, meant: Set[str] = MEANT) -> str:
    """The status, in a word. Raises `AssertionError` for what API Gateway or a client could not read.

    meant: the codes of a 503 that may be.
    """
    # What Lambda does with it.
    json.dumps(answer, allow_nan=False).encode()
    assert set(answer) <= {"statusCode", "headers", "body", "isBase64Encoded", "cookies"}, answer
    status, headers, body = answer["statusCode"], answer["headers"], answer["body"]
    assert type(status) is int, status
    assert all(type(value) is str and value.isascii() for value in headers.values()), headers
    assert headers["x-content-type-options"] == "nosniff"
    if answer.get("isBase64Encoded") and headers.get("content-encoding") == "gzip":
        body = gzip.decompress(base64.b64decode(body))
    content: Any = None
    if headers.get("content-type") == "application/json" and body:
        content = json.loads(body, parse_constant=_refuse)
        # Only these: others would be characters that a client cannot write down again.
        json.dumps(content, allow_nan=False).encode()
    if event["requestContext"]["http"]["method"] == "HEAD":
        # It has no body, whatever became of it.
        assert not body
        assert status < 500 or (status == 503 and meant), answer
        return f"{status}"
    if status >= 400:
        assert headers["content-type"] == "application/json", headers
        check_envelope(event, content)
        assert status < 500 or (status == 503 and content["code"] in meant), content
        return f"{status}"
    assert status in {200, 201, 202, 204}, answer
    return f"{status}"


def check_envelope(event: dict[str, Any], content: Any) -> None:
    """Raises `AssertionError` for a refusal in any other shape than Lifeboat's."""
    assert set(content) == {"error", "code", "detail", "request_id"}, content
    assert content["error"], content
    assert content["request_id"] == event["requestContext"]["requestId"], content
    for item in content["detail"]:
        assert set(item) == {"loc", "msg", "type"}, item
        assert all(type(part) in (str, int) for part in item["loc"]), item


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")
