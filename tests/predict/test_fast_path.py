"""The fast path and the whole application lead to the same answer."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.predict.handler import full_app
from functions.predict.service import Service
from tests.conftest import Call, Send

ANYTHING = st.none() | st.booleans() | st.integers(-5, 200) | st.floats() | st.text(max_size=5)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "pclass": st.sampled_from([1, 2, 3, 3.0]) | ANYTHING,
    "sex": st.sampled_from(["male", "female"]) | ANYTHING,
}
MAYBE: dict[str, st.SearchStrategy[Any]] = {
    "age": st.floats(0, 120) | ANYTHING,
    "sibsp": st.integers(0, 20) | ANYTHING,
    "Parch": st.integers(0, 20) | ANYTHING,
    "fare": st.floats(0, 500) | ANYTHING,
    "embarked": st.sampled_from(["S", "C", "Q"]) | ANYTHING,
    "title": st.sampled_from(["Mr", "mlle"]) | ANYTHING,
    "name": st.sampled_from(["Braund, Mr. Owen"]) | ANYTHING,
    "cabin": ANYTHING,
    "shoes": ANYTHING,
}


def without_id(answer: dict[str, Any]) -> Any:
    body = json.loads(answer["body"])
    body.pop("prediction_id", None)
    return answer["statusCode"], answer["headers"] | {"content-length": ""}, body


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.fixed_dictionaries(FIELDS, optional=MAYBE))
def test_both_paths_lead_to_the_same_answer(send: Send, passenger: dict[str, Any]) -> None:
    body = json.dumps(passenger)
    # A charset makes a request too unusual for the fast path; the framework does not mind it.
    whole = send("POST", "/predict", body, headers={"content-type": "application/json; charset=utf-8"})
    assert without_id(send("POST", "/predict", body)) == without_id(whole)


BODIES = {
    "plain": b'{"pclass": 1, "sex": "male"}',
    "byte order mark": b'\xef\xbb\xbf{"pclass": 1, "sex": "male"}',
    "UTF-16": '{"pclass": 1, "sex": "male"}'.encode("utf-16"),
    "no UTF-8": b'{"pclass": 1, "sex": "male", "ticket": "\xff"}',
    "a lone surrogate": b'{"pclass": 1, "sex": "male", "ticket": "\\ud800"}',
    "a lone surrogate in a name": b'{"pclass": 1, "sex": "male", "\\ud800": 1}',
    "a long number": b'{"pclass": 1, "sex": "male", "ticket": ' + b"9" * 5000 + b"}",
    "deep": b'{"pclass": 1, "sex": "male", "ticket": ' + b"[" * 3000 + b"]" * 3000 + b"}",
    "less deep": b'{"pclass": 1, "sex": "male", "ticket": ' + b"[" * 150 + b"]" * 150 + b"}",
    "a key twice": b'{"pclass": 9, "sex": "male", "pclass": 2}',
    "many keys": b'{"pclass": 1, "sex": "male"' + b"".join(b',"%d": 1' % n for n in range(99)) + b"}",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_body_is_json_wherever_it_is_sent_or_nowhere(send: Send, body: bytes) -> None:
    answers = [
        send("POST", "/predict", body),
        send("POST", "/predict", body, query="explain=false"),
        send("POST", "/predict/batch", b'{"passengers": [%s]}' % body),
        send("POST", "/predict/batch", b'{"passengers": [%s, %s]}' % (body, BODIES["plain"])),
        send("POST", "/invocations", b'{"instances": [%s]}' % body),
    ]
    # MLflow's clients send what they have: fields that are none are passed over.
    alike = answers[:-1] if body == BODIES["many keys"] else answers
    assert len({answer["statusCode"] for answer in alike}) == 1


def test_a_plain_request_does_not_wake_the_framework(call: Call) -> None:
    full_app.cache_clear()
    assert call("POST", "/predict", '{"pclass": 1, "sex": "female"}')[0] == 200
    assert full_app.cache_info().currsize == 0
    assert call("POST", "/predict", '{"pclass": 0, "sex": "female"}')[0] == 422
    assert full_app.cache_info().currsize == 1


@pytest.mark.parametrize(
    "unusual",
    [
        {"query": "explain=true"},
        {"headers": {"content-type": "application/json; charset=utf-8"}},
        {"headers": {f"x-{number}": "1" for number in range(80)}},
    ],
    ids=["query", "charset", "many headers"],
)
def test_whatever_is_unusual_is_left_to_the_app(call: Call, unusual: dict[str, Any]) -> None:
    full_app.cache_clear()
    status, _ = call("POST", "/predict", '{"pclass": 1, "sex": "female"}', **unusual)
    assert status == (431 if len(unusual.get("headers", {})) > 64 else 200)
    assert full_app.cache_info().currsize == 1


def test_what_fails_on_the_fast_path_is_tried_once_more_and_not_twice(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = 0

    def crash(*_: Any) -> None:
        nonlocal tried
        tried += 1
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(Service, "predict", crash)
    assert call("POST", "/predict", '{"pclass": 1, "sex": "female"}')[0] == 500
    assert tried == 2


def test_a_body_that_says_it_is_encoded_is_not_read_as_if_it_were_not(send: Send) -> None:
    body = '{"pclass": 1, "sex": "male"}'
    assert send("POST", "/predict", body)["statusCode"] == 200
    assert send("POST", "/predict", body, headers={"content-encoding": "br"})["statusCode"] == 415
    # Gzip that somebody took for text.
    assert send("POST", "/predict", body, headers={"content-encoding": "gzip"})["statusCode"] == 400
