"""Outcomes as CSV: the good rows are kept, and of each other one it is said why not."""

import gzip
import json
from typing import Any

import pytest

from functions.feedback.handler import handler
from tests.feedback.bench import NOW, Bench, Call, say
from tests.support import gateway
from tests.support.production import ids_of

BELOW = ["", "/models/titanic"]


def send(
    text: str | bytes, *, path: str = "/feedback", key: str = "5f3a91c2", kind: str = "text/csv"
) -> tuple[int, Any]:
    headers = {"content-type": kind}
    answer = gateway.send(handler, "POST", path, text, key_id=key, scopes="feedback", headers=headers)
    return answer["statusCode"], json.loads(answer["body"])


@pytest.mark.parametrize("below", BELOW)
def test_the_good_rows_are_kept_and_each_other_one_is_named(call: Call, bench: Bench, below: str) -> None:
    one, two, three, four = bench.predict(0.5, 0.5, 0.5, 0.5)
    [unknown] = ids_of(1, NOW)
    table = (
        "Name;Prediction ID;Survived;Note\n"
        f"Anna;{one};1;'=she called\n"
        f'Berta;{two};no;"two\nlines"\n'
        f"Carla;{three};;\n"
        f"Dora;{three};perhaps;\n"
        f"Emma;{unknown};1;\n"
        f"Frida;no id;1;\n"
        f"Gerda;{four};1;;;x\n"
        f"Hanna;{four};1;{'x' * 501}\n"
    )
    status, answer = send(table, path=f"{below}/feedback")
    assert status == 200, answer
    assert {name: answer[name] for name in ("recorded", "repeated", "empty", "passed_over")} == {
        "recorded": 2,
        "repeated": 0,
        "empty": 1,
        "passed_over": ["Name"],
    }
    assert [(row["row"], row["field"]) for row in answer["refused"]] == [
        (4, "survived"),
        (5, "prediction_id"),
        (6, "prediction_id"),
        (7, ""),
        (8, "note"),
    ]
    assert "there is no record of a prediction" in answer["refused"][1]["msg"]
    assert bench.labels(one, two, three, four) == [[("5f3a91c2", True)], [("5f3a91c2", False)], [], []]
    exported = call("GET", f"{below}/feedback/export")[1]
    assert "'=she called" in exported
    assert '"two\nlines"' in exported
    # Sent again, it is repeated.
    assert send(table, path=f"{below}/feedback")[1]["repeated"] == 2


def test_what_was_exported_is_taken_again(call: Call, bench: Bench) -> None:
    ids = bench.predict(0.5, 0.5)
    call("POST", "/feedback", [say(id_, note="n") for id_ in ids])
    text = call("GET", "/feedback/export")[1]
    status, answer = send(text, key="b0b00000")
    assert (status, answer["recorded"], answer["refused"]) == (200, 2, [])


def test_a_row_that_says_something_else_of_a_prediction_stops_both(call: Call, bench: Bench) -> None:
    one, two = bench.predict(0.5, 0.5)
    table = f"prediction_id,survived\n{one},1\n{two},1\n{one},0\n{two},1\n"
    status, answer = send(table)
    assert (status, answer["recorded"], answer["repeated"]) == (200, 1, 1)
    assert [row["row"] for row in answer["refused"]] == [1, 3]
    assert bench.labels(one) == [[]]


def test_a_table_in_a_round_is_of_its_predictions_and_its_team(call: Call, bench: Bench) -> None:
    [one] = bench.predict(0.5)
    made = call("POST", "/feedback/rounds", {"size": 1, "team": ["5f3a91c2"]})[1]
    [two] = bench.predict(0.5)
    table = f"prediction_id,survived\n{one},1\n{two},1\n"
    path = f"/feedback?round={made['id']}"
    assert send(table, path=path, key="b0b00000")[0] == 403
    status, answer = send(table, path=path)
    assert (status, answer["recorded"]) == (200, 1)
    assert answer["refused"] == [
        {"row": 2, "field": "prediction_id", "msg": "is no prediction of this round"}
    ]
    call("POST", f"/feedback/rounds/{made['id']}/lock")
    assert send(table, path=path)[0] == 409


ID = "01a1feaa-00ea-7752-9015-c9355649249c"
REFUSED = {
    "empty": ("", 400, "the body is empty"),
    "no rows": ("prediction_id,survived\n", 422, "no rows"),
    "no id": ("survived\n1\n", 422, "no column prediction_id"),
    "no outcome": (f"prediction_id,sex\n{ID},male\n", 422, "no column survived"),
    "twice": (f"prediction_id,survived,Survived\n{ID},1,1\n", 422, "delete one"),
    "answers": (
        f"row,survived,probability,prediction_id\n1,1,0.9,{ID}\n",
        422,
        "is what the model said, not what happened",
    ),
    "too many": ("prediction_id,survived\n" + f"{ID},1\n" * 1001, 422, "more than 1,000 rows"),
    "no CSV": (f'prediction_id,survived\n{ID},"1\n', 422, "never closed"),
}


@pytest.mark.parametrize(("table", "status", "said"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_table_of_outcomes_is_refused(
    call: Call, bench: Bench, table: str, status: int, said: str
) -> None:
    got, refusal = send(table)
    assert (got, said in refusal["error"]) == (status, True), refusal
    assert list(bench.list("feedback/")) == []


def test_a_table_may_come_in_gzip_and_another_kind_of_body_does_not(call: Call, bench: Bench) -> None:
    [one] = bench.predict(0.5)
    assert send(gzip.compress(f"prediction_id,survived\n{one},1\n".encode()))[1]["recorded"] == 1
    status, refusal = send("x", kind="text/plain")
    assert (status, refusal["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert "text/csv" in refusal["error"]
