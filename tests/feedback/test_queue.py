"""The queue: what is handed out, in which order and pages, and to whom."""

from tests.feedback.bench import Bench, Call, queue, say
from tests.support.production import SOMEBODY, VERSION


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
    assert items[0]["features"] == SOMEBODY
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
    call("POST", "/feedback", say(first, source="alice"))
    assert queue(call, "annotator=carol") == [second]
    # Alice has had her say on the first one.
    assert queue(call, "annotator=alice&wanted=2") == []
    assert queue(call, "annotator=bob&wanted=2") == [first]
    call("POST", "/feedback", say(first, source="bob"))
    assert queue(call, "annotator=bob&wanted=2") == []
