"""The queue: what is handed out, in which order and pages, and to whom."""

import os
from datetime import timedelta

import pytest

from functions.feedback.handler import handler
from tests.feedback.bench import NOW, Bench, Call, queue, say
from tests.support import gateway
from tests.support.production import SOMEBODY, VERSION, logged_line


def test_the_least_certain_come_first_and_every_fourth_is_drawn_from_the_others(
    call: Call, bench: Bench
) -> None:
    probabilities = [number / 100 for number in range(1, 100)]
    ids = dict(zip(bench.predict(*probabilities), probabilities, strict=True))
    status, page = call("GET", "/feedback/queue?limit=20")
    assert status == 200
    items = page["items"]
    assert [item["chosen"] for item in items] == ["uncertain", "uncertain", "uncertain", "random"] * 5
    distances = [abs(ids[item["prediction_id"]] - 0.5) for item in items if item["chosen"] == "uncertain"]
    assert distances == sorted(distances)
    assert max(distances) < 0.08
    drawn = [item for item in items if item["chosen"] == "random"]
    assert all(abs(ids[item["prediction_id"]] - 0.5) > 0.06 for item in drawn)
    assert page["open"] == 99
    assert items[0]["features"] == SOMEBODY | {"fare": items[0]["features"]["fare"]}
    assert items[0]["version"] == VERSION


def test_a_quarter_is_random_even_when_asked_for_one_by_one(call: Call, bench: Bench) -> None:
    bench.predict(*[number / 50 for number in range(50)])
    chosen = []
    for _ in range(12):
        [item] = call("GET", "/feedback/queue?limit=1")[1]["items"]
        chosen.append(item["chosen"])
        assert call("POST", "/feedback", say(item["prediction_id"]))[0] == 200
    assert chosen == ["uncertain", "uncertain", "uncertain", "random"] * 3


def test_annotators_get_different_predictions_and_each_the_same_again(call: Call, bench: Bench) -> None:
    ids = bench.predict(*[0.5] * 10)
    alice, bob = queue(call, "limit=4&annotator=alice"), queue(call, "limit=4&annotator=bob")
    assert len({*alice, *bob}) == 8
    assert queue(call, "limit=4&annotator=alice") == alice
    # Without a name it is the key that asks: two keys, two annotators.
    rest = queue(call, "limit=4")
    assert {*alice, *bob, *rest} == set(ids)
    assert queue(call, "limit=4", key="0badcafe") == []


def test_pages_go_on_where_the_one_before_ended_whatever_is_labelled_meanwhile(
    call: Call, bench: Bench
) -> None:
    ids = bench.predict(*[0.5] * 10)
    first = call("GET", "/feedback/queue?limit=4")[1]
    call("POST", "/feedback", say(first["items"][0]["prediction_id"]))
    second = call("GET", f"/feedback/queue?limit=4&after={first['next']}")[1]
    third = call("GET", f"/feedback/queue?limit=4&after={second['next']}")[1]
    assert third["next"] is None
    found = [item["prediction_id"] for page in (first, second, third) for item in page["items"]]
    assert sorted(found) == sorted(ids)
    assert third["open"] == 9
    # Asked without `after`, it begins with what is not labelled yet.
    assert queue(call, "limit=10") == found[1:]


def test_labelled_predictions_leave_the_queue_unless_more_labels_are_wanted(call: Call, bench: Bench) -> None:
    first, second = bench.predict(0.5, 0.5)
    alice, bob, carol = "a11ce000", "b0b00000", "ca101000"
    call("POST", "/feedback", say(first), key=alice)
    assert queue(call, key=carol) == [second]
    # Alice has had her say on the first one.
    assert queue(call, "wanted=2", key=alice) == []
    assert queue(call, "wanted=2", key=bob) == [first]
    call("POST", "/feedback", say(first), key=bob)
    assert queue(call, "wanted=2", key=bob) == []


def test_one_key_is_one_annotator_whatever_the_names_it_gives(call: Call, bench: Bench) -> None:
    [id_] = bench.predict(0.5)
    call("POST", "/feedback", [say(id_, source=name) for name in ("alice", "bob", "carol")])
    # Three names, and one key: another label is wanted, and not of this key again, by whatever name.
    assert queue(call, "wanted=2&annotator=dan") == []
    assert queue(call, "wanted=2", key="0badcafe") == [id_]


def test_a_key_leases_so_many_whatever_the_names_it_gives(
    call: Call, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.feedback.queue.MAX_LEASES", 5)
    ids = bench.predict(*[0.5] * 8)
    alice = queue(call, "limit=3&annotator=alice")
    status, page = call("GET", "/feedback/queue?limit=3&annotator=bob")
    assert (status, len(page["items"]), page["leases_left"]) == (200, 2, 0)
    status, page = call("GET", "/feedback/queue?annotator=carol")
    assert (status, page["items"], page["leases_left"], page["open"]) == (200, [], 0, 8)
    # Each goes on with what is leased already; another key has its own, and is handed the others.
    assert queue(call, "limit=3&annotator=alice") == alice
    assert len({*alice, *queue(call, key="0badcafe")}) == 6
    # What was labelled is let go.
    call("POST", "/feedback", [say(id_) for id_ in alice])
    assert len(queue(call, "annotator=carol")) == 0
    bench.predict(0.5, 0.5, 0.5, 0.5)
    assert len(queue(call, "annotator=carol")) == 3
    assert len(ids) == 8


def test_equal_rows_are_one_entry_that_says_for_how_many_it_stands(call: Call, bench: Bench) -> None:
    """A table that was scored again and again: of its rows, each is asked about once."""
    repeated = [bench.predict(0.5 + row / 1000, features={"fare": row}) for row in range(9) for _ in range(8)]
    others = bench.predict(0.9, 0.9, 0.9)
    page = call("GET", "/feedback/queue?limit=100")[1]
    assert len(page["items"]) == page["open"] == 12
    assert page["looked_at"] == {
        "predictions": 75,
        "rows": 12,
        "objects": 73,
        "objects_in_time": 73,
        "damaged_lines": 0,
    }
    stands_for = {item["prediction_id"]: item["stands_for"] for item in page["items"]}
    assert sorted(stands_for.values()) == [1] * 3 + [8] * 9
    assert {stands_for[id_] for id_ in others} == {1}
    # Labelled once, it is labelled; by whichever of its predictions.
    [told] = repeated[0]
    assert call("POST", "/feedback", say(told))[0] == 200
    assert call("GET", "/feedback/queue?limit=100", key="0badcafe")[1]["open"] == 11
    found = call("GET", "/feedback/progress")[1]
    assert (found["predictions"], found["rows"], found["labelled"], found["open"]) == (75, 12, 8, 67)
    # In a dataset it is one row.
    assert len(call("GET", "/feedback/export")[1].splitlines()) == 2
    # And what comes later of it is nothing new.
    bench.predict(0.5, features={"fare": 0})
    assert call("GET", "/feedback/queue", key="0badcafe")[1]["open"] == 11


def test_the_queue_is_made_of_the_newest_and_says_of_how_much(
    call: Call, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIFEBOAT_MAX_QUEUE_PREDICTIONS", "4")
    ids = [bench.predict(0.5, 0.5, at=NOW - timedelta(minutes=5 - number)) for number in range(4)]
    for number, entry in enumerate(bench.list("predictions/")):
        written = (NOW - timedelta(minutes=5 - number)).timestamp()
        os.utime(bench.root / entry.key, (written, written))
    page = call("GET", "/feedback/queue")[1]
    assert sorted(item["prediction_id"] for item in page["items"]) == sorted(ids[2] + ids[3])
    looked_at = page["looked_at"]
    assert (looked_at["predictions"], looked_at["objects"], looked_at["objects_in_time"]) == (4, 2, 4)


def test_damaged_lines_are_passed_over_and_counted(
    call: Call, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    [id_] = bench.predict(0.5)
    bench.ship(
        b"no json\n",
        logged_line(id_, prediction_id="no id"),
        logged_line(id_, timestamp="2026-11-01T00:00:00"),
        name="b",
    )
    status, page = call("GET", "/feedback/queue")
    assert (status, [item["prediction_id"] for item in page["items"]]) == (200, [id_])
    assert page["looked_at"]["damaged_lines"] == 3
    assert call("GET", "/feedback/progress")[1]["damaged_lines"] == 3
    assert call("POST", "/feedback/rounds", {"size": 1})[1]["damaged_lines"] == 3
    answer = gateway.send(handler, "GET", "/feedback/export", scopes="feedback")
    assert answer["headers"]["x-damaged-lines"] == "3"
    assert '"lines": 3' in capsys.readouterr().out
