"""Rounds: a sample that is drawn once, kept, and labelled from the queue."""

from typing import Any

from tests.feedback.bench import NOW, Bench, Call, queue, say
from tests.support.production import VERSION, ids_of


def draw(call: Call, **body: Any) -> dict[str, Any]:
    status, made = call("POST", "/feedback/rounds", body)
    assert status == 201, made
    found: dict[str, Any] = made
    return found


def test_a_round_is_drawn_once_and_its_list_stays_as_it_is(call: Call, bench: Bench) -> None:
    bench.predict(*[number / 100 for number in range(1, 100)])
    made = draw(call, size=20, note="a test")
    assert (made["population"], len(made["choices"]), made["by"]) == (99, 20, "5f3a91c2")
    assert [choice["chosen"] for choice in made["choices"]].count("random") == 5
    bench.predict(*[0.5] * 20)
    assert call("GET", f"/feedback/rounds/{made['id']}") == (200, made)
    drawn = [choice["record"]["prediction_id"] for choice in made["choices"]]
    assert queue(call, f"round={made['id']}&limit=8") == drawn[:8]
    call("POST", "/feedback", [say(id_) for id_ in drawn[:8]])
    assert queue(call, f"round={made['id']}&limit=100") == drawn[8:]
    progress = call("GET", f"/feedback/progress?round={made['id']}")[1]
    assert (progress["predictions"], progress["labelled"], progress["open"]) == (20, 8, 12)
    rows = call("GET", f"/feedback/export?round={made['id']}")[1].splitlines()[1:]
    assert sorted(row.partition(",")[0] for row in rows) == sorted(drawn[:8])


def test_rounds_draw_differently_are_listed_newest_first_and_say_what_from(call: Call, bench: Bench) -> None:
    bench.predict(*[0.2] * 50)
    bench.predict(*[0.2] * 50, features={"sex": "female"})
    first, second = draw(call, size=40, sex="female"), draw(call, size=40, sex="female")
    assert first["population"] == 50
    assert first["selection"]["sex"] == "female"
    assert first["selection"].keys() >= {"from", "to"}
    random = [
        {one["record"]["prediction_id"] for one in made["choices"] if one["chosen"] == "random"}
        for made in (first, second)
    ]
    assert random[0] != random[1]
    bench.put("feedback/rounds/notes.json", b"{}")
    listed = call("GET", "/feedback/rounds")[1]
    assert [one["id"] for one in listed] == sorted([first["id"], second["id"]], reverse=True)


def test_a_round_is_drawn_from_what_any_feature_says_and_keeps_the_words(call: Call, churn: Bench) -> None:
    churn.predict(*[0.2] * 5)
    churn.predict(*[0.3] * 4, features={"Plan Type": "yearly", "paperless": 0.0, "version": 3.0})
    body = {"size": 9, "tariff": "YEARLY", "paperless": False, "version_": [2, 3]}
    status, made = call("POST", "/models/churn/feedback/rounds", body)
    assert (status, made["population"]) == (201, 4)
    selection = {name: value for name, value in made["selection"].items() if name not in ("from", "to")}
    assert selection == {
        "min_probability": 0.0,
        "max_probability": 1.0,
        "Plan Type": "yearly",
        "paperless": 0.0,
        "version_": [2.0, 3.0],
    }
    made_by = call("POST", "/models/churn/feedback/rounds", {**body, "version": VERSION})[1]["selection"]
    assert (made_by["version"], made_by["version_"]) == (VERSION, [2.0, 3.0])
    assert call("GET", f"/models/churn/feedback/rounds/{made['id']}") == (200, made)
    # A round of one model is none of another's.
    assert call("GET", f"/feedback/rounds/{made['id']}")[0] == 404
    assert call("GET", "/feedback/rounds") == (200, [])


def test_every_fault_of_a_request_for_a_round_is_named(call: Call, bench: Bench) -> None:
    body = {"size": 0, "sex": "x", "surname": "y", "pclass": "1", "embarked": [], "title": ["Mr", 7]}
    status, refusal = call("POST", "/feedback/rounds", body)
    assert (status, refusal["code"]) == (422, "INVALID_INPUT")
    assert {item["loc"][1]: item["type"] for item in refusal["detail"]} == {
        "size": "greater_than_equal",
        "sex": "enum",
        "surname": "unknown",
        "pclass": "enum",
        "embarked": "too_short",
        "title": "enum",
    }
    assert call("POST", "/feedback/rounds", [])[0] == 422
    assert list(bench.list("feedback/rounds/")) == []


def test_a_round_of_nothing_or_too_much_is_refused(call: Call, bench: Bench) -> None:
    status, refusal = call("POST", "/feedback/rounds", {"size": 5})
    assert (status, refusal["code"]) == (422, "INVALID_INPUT")
    assert "no prediction" in refusal["error"]
    assert call("POST", "/feedback/rounds", {"size": 1001})[0] == 422
    assert call("POST", "/feedback/rounds", {"size": 5, "to": "soon"})[0] == 422


def test_equal_rows_are_in_a_round_once(call: Call, bench: Bench) -> None:
    for _ in range(5):
        bench.predict(0.5, features={"fare": 1})
    bench.predict(0.4, 0.6)
    made = draw(call, size=10)
    assert (made["population"], made["rows"], len(made["choices"])) == (7, 3, 3)
    assert sorted(choice["stands_for"] for choice in made["choices"]) == [1, 1, 5]
    assert len(queue(call, f"round={made['id']}")) == 3


def test_a_round_that_is_not_there_is_not_found_and_a_damaged_one_is_told(call: Call, bench: Bench) -> None:
    [id_] = ids_of(1, NOW)
    for path in (f"/feedback/rounds/{id_}", f"/feedback/queue?round={id_}", f"/feedback/export?round={id_}"):
        status, refusal = call("GET", path)
        assert status == 404
        assert "GET /feedback/rounds lists them" in refusal["error"]
    bench.put(f"feedback/rounds/{id_}.json", b"{}")
    for path in (f"/feedback/rounds/{id_}", f"/feedback/queue?round={id_}", f"/feedback/export?round={id_}"):
        status, refusal = call("GET", path)
        assert (status, refusal["code"]) == (503, "UNUSABLE_RECORD")
        assert refusal["error"] == f"the record of round {id_} is damaged; draw another"
    assert call("GET", "/feedback/rounds/champion.json")[0] == 422
