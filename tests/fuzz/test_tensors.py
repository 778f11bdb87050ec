"""The same rows get the same answer in every dialect, on both paths; odd ones are refused."""

import json
import math
from typing import Any

import numpy as np
from hypothesis import strategies as st

from functions.predict.fast_path import answer_event
from functions.predict.handler import full_app, handler
from tests.fuzz.answers import check_answer
from tests.fuzz.campaign import Campaign
from tests.fuzz.json_values import VALUES, as_json, damaged
from tests.fuzz.tensors import Infer, Row, infers, invocations, odd_infers, rows
from tests.fuzz.world import World
from tests.support import gateway
from tests.support.titanic import MODEL, row

Answer = dict[str, Any]
MANY_ROWS = rows()


def ask(path: str, body: str | bytes, **headers: str) -> Answer:
    answer = gateway.send(handler, "POST", path, body, headers=headers)
    check_answer(gateway.read_event("http_predict"), answer)
    return answer


def probabilities(answer: Answer) -> list[float] | None:
    """Those of a batch or of an invocation; None for a refusal."""
    assert answer["statusCode"] in {200, 400, 422}, answer
    if answer["statusCode"] != 200:
        return None
    return [item["probability"] for item in json.loads(answer["body"])["predictions"]]


def ask_batch(sent: list[Row]) -> list[float] | None:
    """What the plain route for many rows says; NaN is no JSON there, so it is left out."""
    plain = [{name: None if value != value else value for name, value in one.items()} for one in sent]
    return probabilities(ask("/predict/batch", json.dumps({"rows": plain})))


def test_both_paths_give_the_same_answer_to_one_row(campaign: Campaign, world: World) -> None:
    def check(body: str) -> str:
        event = gateway.read_event("http_predict") | {"body": body}
        fast = answer_event(event)
        whole = full_app()(event, None)
        status = check_answer(event, whole)
        if fast is None:
            return f"{status}, left to the app"
        check_answer(event, fast)
        assert _without_id(fast) == _without_id(whole)
        return status

    good = MANY_ROWS.map(lambda sent: sent[0])
    nearly = st.just(row()).flatmap(damaged) | good.flatmap(damaged)
    campaign.run(as_json(good) | as_json(nearly) | as_json(VALUES), check, cases=80)


def _without_id(answer: Answer) -> Any:
    body = json.loads(answer["body"])
    assert body.pop("prediction_id")
    return answer["statusCode"], answer["headers"], body


def test_mlflows_shapes_give_the_same_answer_as_a_batch(campaign: Campaign, world: World) -> None:
    def check(case: tuple[list[Row], int]) -> str:
        sent, shape = case
        expected = ask_batch(sent)
        found = probabilities(ask("/invocations", json.dumps(invocations(sent)[shape])))
        assert found == expected
        return "refused by both" if found is None else "the same"

    campaign.run(st.tuples(MANY_ROWS, st.integers(0, 5)), check, cases=80)


def test_tensors_give_the_same_answer_as_a_batch(campaign: Campaign, world: World) -> None:
    def check(case: tuple[list[Row], Infer]) -> str:
        sent, request = case
        # In a tensor an empty text is a missing one.
        expected = ask_batch(
            [{name: None if value == "" else value for name, value in one.items()} for one in sent]
        )
        answer = _infer(request)
        if answer["statusCode"] != 200:
            assert answer["statusCode"] == 400
            assert expected is None, answer["body"]
            return "refused by both"
        assert expected is not None, answer["body"]
        data = json.loads(answer["body"])["outputs"][1]["data"]
        assert data[1::2] == np.array(expected, dtype=np.float32).tolist()
        return "the same"

    cases = MANY_ROWS.flatmap(lambda sent: st.tuples(st.just(sent), infers(sent)))
    campaign.run(cases, check, cases=80)


def test_odd_tensors_are_refused_in_a_sentence(campaign: Campaign, world: World) -> None:
    def check(request: Infer) -> str:
        answer = _infer(request)
        if answer["statusCode"] == 200:
            assert all(math.isfinite(number) for number in json.loads(answer["body"])["outputs"][0]["data"])
        return str(answer["statusCode"])

    campaign.run(odd_infers(), check, cases=100)


def _infer(request: Infer) -> Answer:
    headers = {} if request.header is None else {"inference-header-content-length": request.header}
    return ask(f"/v2/models/{MODEL}/infer", request.body, **headers)
