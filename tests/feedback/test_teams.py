"""Rounds of a team: who may label in them, what counts, and the lock."""

from typing import Any

import pytest

from tests.feedback.bench import Bench, Call, queue, say

ALICE, BOB, EVE = "a11ce000", "b0b00000", "e0e00000"
BELOW = ["", "/models/titanic"]


def draw(call: Call, below: str = "", **body: Any) -> dict[str, Any]:
    status, made = call("POST", f"{below}/feedback/rounds", body, key=ALICE)
    assert status == 201, made
    found: dict[str, Any] = made
    return found


@pytest.mark.parametrize("below", BELOW)
def test_only_the_team_labels_in_a_round_and_gets_its_queue(call: Call, bench: Bench, below: str) -> None:
    ids = bench.predict(0.5, 0.5, 0.5)
    made = draw(call, below, size=2, team=[ALICE, BOB])
    assert (made["team"], made["wanted"], made["locked"]) == ([ALICE, BOB], 1, None)
    drawn = [choice["record"]["prediction_id"] for choice in made["choices"]]
    path = f"{below}/feedback?round={made['id']}"
    # Nor does an administrator who is not in it.
    for scopes in ("feedback", "admin"):
        status, refusal = call("POST", path, say(drawn[0]), key=EVE, scopes=scopes)
        assert (status, refusal["code"]) == (403, "FORBIDDEN")
        assert f"a team that you ({EVE}) are not in" in refusal["error"]
        query = f"{below}/feedback/queue?round={made['id']}"
        assert call("GET", query, key=EVE, scopes=scopes)[0] == 403
    assert list(bench.list("feedback/dt=")) == []
    assert queue(call, f"round={made['id']}", below=below, key=BOB) == drawn
    assert call("POST", path, say(drawn[0]), key=BOB)[0] == 200
    # What somebody else says, in no round, does not count in this one.
    call("POST", f"{below}/feedback", say(drawn[1]), key=EVE)
    progress = call("GET", f"{below}/feedback/progress?round={made['id']}", key=EVE)[1]
    assert (progress["labelled"], progress["sources"]) == (1, {BOB: 1})
    text = call("GET", f"{below}/feedback/export?round={made['id']}")[1]
    assert [row.partition(",")[0] for row in text.splitlines()[1:]] == [drawn[0]]
    [foreign] = set(ids) - set(drawn)
    status, refusal = call("POST", path, [say(drawn[0]), say(foreign)], key=BOB)
    assert status == 422
    assert refusal["detail"] == [
        {
            "loc": ["body", "many", 1, "prediction_id"],
            "msg": "is no prediction of this round",
            "type": "round",
        }
    ]


def test_a_round_without_a_team_is_everybodys(call: Call, bench: Bench) -> None:
    bench.predict(0.5)
    made = draw(call, size=1)
    [id_] = queue(call, f"round={made['id']}", key=EVE)
    assert call("POST", f"/feedback?round={made['id']}", say(id_), key=EVE)[0] == 200


def test_as_many_members_label_each_row_as_the_round_says(call: Call, bench: Bench) -> None:
    bench.predict(0.5)
    made = draw(call, size=1, team=[ALICE, BOB, EVE], wanted=2)
    path = f"round={made['id']}"
    [id_] = queue(call, path, key=ALICE)
    for key, complete in ((ALICE, 0), (BOB, 1)):
        assert queue(call, path, key=key) == [id_]
        assert call("POST", f"/feedback?{path}", say(id_), key=key)[0] == 200
        found = call("GET", f"/feedback/progress?{path}")[1]
        assert (found["labelled"], found["complete"]) == (1, complete)
    assert queue(call, path, key=EVE) == []
    assert call("GET", f"/feedback/progress?{path}")[1]["agreement"][0]["sources"] == [ALICE, BOB]


BAD = {
    "twice": {"team": [ALICE, ALICE]},
    "too few": {"team": [ALICE], "wanted": 2},
    "no id": {"team": ["a/b"]},
    "empty": {"team": [""]},
    "no list": {"team": ALICE},
    "too many": {"team": [f"key{number}" for number in range(51)]},
    "wanted": {"wanted": 6},
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_what_is_no_team_is_refused(call: Call, bench: Bench, bad: dict[str, Any]) -> None:
    bench.predict(0.5)
    status, refusal = call("POST", "/feedback/rounds", {"size": 1, **bad})
    assert (status, refusal["code"]) == (422, "INVALID_INPUT")
    assert list(bench.list("feedback/rounds/")) == []


@pytest.mark.parametrize("below", BELOW)
def test_a_locked_round_takes_no_more_labels_and_its_export_stays_as_it_is(
    call: Call, bench: Bench, below: str
) -> None:
    bench.predict(0.5, 0.5)
    made = draw(call, below, size=2, team=[ALICE, BOB])
    first, second = [choice["record"]["prediction_id"] for choice in made["choices"]]
    path = f"{below}/feedback?round={made['id']}"
    assert call("POST", path, say(first), key=BOB)[0] == 200
    lock = f"{below}/feedback/rounds/{made['id']}/lock"
    status, refusal = call("POST", lock, key=BOB)
    assert (status, refusal["error"]) == (
        403,
        f"only {ALICE}, who drew the round, or an administrator can lock it",
    )
    status, locked = call("POST", lock, key=ALICE)
    assert (status, locked["locked"]["by"]) == (200, ALICE)
    # Once more, by whoever may, it stays as it is.
    assert call("POST", lock, key=EVE, scopes="admin") == (200, locked)
    assert call("GET", f"{below}/feedback/rounds/{made['id']}") == (200, locked)
    before = call("GET", f"{below}/feedback/export?round={made['id']}")
    for status, refusal in (
        call("POST", path, say(second), key=BOB),
        call("GET", f"{below}/feedback/queue?round={made['id']}", key=BOB),
    ):
        assert (status, refusal["code"]) == (409, "CONFLICT")
        assert f"was locked by {ALICE}" in refusal["error"]
    # What is told outside of it is a label, and none of this round.
    call("POST", f"{below}/feedback", [say(first, False), say(second)], key=BOB)
    assert bench.labels(first)[0][-1] == (BOB, False)
    assert call("GET", f"{below}/feedback/export?round={made['id']}") == before
    assert call("GET", f"{below}/feedback/progress?round={made['id']}")[1]["labelled"] == 1


def test_a_round_that_is_not_there_cannot_be_locked(call: Call, bench: Bench) -> None:
    assert call("POST", "/feedback/rounds/01a1feaa-00ea-7752-9015-c9355649249c/lock")[0] == 404
    assert call("POST", "/feedback/rounds/x/lock")[0] == 422


def test_a_lock_that_is_damaged_is_a_lock(call: Call, bench: Bench) -> None:
    bench.predict(0.5)
    made = draw(call, size=1)
    bench.put(f"feedback/rounds/{made['id']}.locked.json", b"{}")
    status, refusal = call("GET", f"/feedback/queue?round={made['id']}")
    assert (status, "locked by somebody" in refusal["error"]) == (409, True)


@pytest.mark.parametrize("below", BELOW)
def test_the_list_tells_what_each_round_is_for_and_how_far_it_has_come(
    call: Call, bench: Bench, below: str
) -> None:
    bench.predict(0.5, 0.5, 0.5)
    first = draw(call, below, size=3, note="<b>who</b>", team=[ALICE, BOB], wanted=2)
    second = draw(call, below, size=1)
    ids = [choice["record"]["prediction_id"] for choice in first["choices"]]
    for key, count in ((ALICE, 2), (BOB, 1), (EVE, 3)):
        call("POST", f"{below}/feedback", [say(id_) for id_ in ids[:count]], key=key)
    call("POST", f"{below}/feedback/rounds/{second['id']}/lock", key=ALICE)
    newest, oldest = call("GET", f"{below}/feedback/rounds")[1]
    assert oldest == {
        "id": first["id"],
        "created_at": first["created_at"],
        "by": ALICE,
        "note": "<b>who</b>",
        "size": 3,
        "labelled": 2,
        "complete": 1,
        "team": [ALICE, BOB],
        "wanted": 2,
        "locked": None,
        "error": None,
    }
    assert (newest["id"], newest["locked"]["by"], newest["team"]) == (second["id"], ALICE, [])
    # One that is damaged says so, and the others are listed all the same.
    bench.put(f"feedback/rounds/{second['id']}.json", b"{}")
    newest, same = call("GET", f"{below}/feedback/rounds")[1]
    assert (same, newest["error"]) == (oldest, f"the record of round {second['id']} is damaged; draw another")


def test_the_list_comes_in_pages(call: Call, bench: Bench) -> None:
    bench.predict(0.5)
    ids = sorted((draw(call, size=1)["id"] for _ in range(3)), reverse=True)
    assert [one["id"] for one in call("GET", "/feedback/rounds?limit=2")[1]] == ids[:2]
    assert [one["id"] for one in call("GET", f"/feedback/rounds?limit=2&after={ids[1]}")[1]] == ids[2:]
    assert call("GET", "/feedback/rounds?limit=0")[0] == 422
