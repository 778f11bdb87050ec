"""The export: labelled predictions as a dataset that training reads."""

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from functions.core.schema.table import read_passengers
from functions.feedback.handler import handler
from tests.feedback.bench import Bench, Call, say
from tests.support import gateway
from tests.support.production import VERSION


def export(query: str = "") -> dict[str, Any]:
    """The gateway's answer: its headers say what the table is, and where it goes on."""
    return gateway.send(handler, "GET", f"/feedback/export{query}", scopes="feedback")


def rows_of(answer: dict[str, Any]) -> Sequence[str]:
    rows: list[str] = answer["body"].splitlines()[1:]
    return rows


def test_the_export_is_a_dataset_again(call: Call, bench: Bench) -> None:
    fare, nothing = 7.229199886322021, {"age": None, "embarked": None, "fare": None}
    first, second, _ = (
        bench.predict(0.1, features={"fare": fare, "title": "Mr"})[0],
        bench.predict(0.9, features={**nothing, "sex": "female", "pclass": 1.0})[0],
        bench.predict(0.5)[0],
    )
    call("POST", "/feedback", [say(first, True), say(second, True), say(first, False, source="alice")])
    answer = export()
    assert answer["statusCode"] == 200
    assert answer["headers"]["content-type"] == "text/csv; charset=utf-8"
    assert answer["isBase64Encoded"] is False
    assert "x-next" not in answer["headers"]
    [chunk] = read_passengers(io.BytesIO(answer["body"].encode()), labelled=True)
    assert chunk.bad == []
    found = dict(zip([row.partition(",")[0] for row in rows_of(answer)], chunk.survived, strict=True))
    assert found == {first: 0, second: 1}
    at = list(found).index(first)
    assert chunk.columns["fare"][at, 0] == fare
    assert chunk.columns["title"][at, 0] == "Mr"
    assert chunk.columns["age"][1 - at, 0] != chunk.columns["age"][1 - at, 0]
    row = rows_of(answer)[at].split(",")
    assert row[:1] + row[-4:-2] + row[-1:] == [first, "0", "alice", VERSION]
    assert datetime.fromisoformat(row[-2]).tzinfo


def test_an_export_comes_in_pages(call: Call, bench: Bench) -> None:
    ids = bench.predict(*[0.5] * 5)
    call("POST", "/feedback", [say(id_) for id_ in ids])
    found, after = [], ""
    for _ in range(3):
        answer = export(f"?limit=2{after}")
        found.append([row.partition(",")[0] for row in rows_of(answer)])
        after = f"&after={answer['headers'].get('x-next')}"
    assert found == [ids[:2], ids[2:4], ids[4:]]
    assert after == "&after=None"
