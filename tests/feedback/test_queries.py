"""What a query asks for: filters narrow the queue, and one that does not fit is refused."""

from datetime import timedelta

import pytest

from tests.feedback.bench import NOW, Bench, Call, queue
from tests.support.production import ids_of, logged_line

FILTERED = {
    "sex=female": {1, 3},
    "pclass=1": {2, 3},
    "sex=female&pclass=1": {3},
    "version=00000000000000aa": {4},
    "min_probability=0.7": {2, 3, 4},
    "max_probability=0.2": {0},
    "min_probability=0.4&max_probability=0.6": {1},
    "from={two_hours_ago}": {0, 1, 2, 3},
    "to={two_hours_ago}": {4, 6},
    "from={twenty_days_ago}&to={eight_days_ago}": {5},
    "": {0, 1, 2, 3, 4},
}


# Filled in by the test: a parameter that holds the time would have another name in each of pytest's workers.
TIMES = {
    "two_hours_ago": timedelta(hours=2),
    "eight_days_ago": timedelta(days=8),
    "twenty_days_ago": timedelta(days=20),
}


@pytest.mark.parametrize(("query", "expected"), FILTERED.items(), ids=list(FILTERED))
def test_filters_narrow_what_is_handed_out(call: Call, bench: Bench, query: str, expected: set[int]) -> None:
    query = query.format(**{name: f"{NOW - ago:%Y-%m-%dT%H:%M:%SZ}" for name, ago in TIMES.items()})
    ids = [
        *bench.predict(0.1, at=NOW - timedelta(minutes=50)),
        *bench.predict(0.5, at=NOW - timedelta(minutes=40), features={"sex": "female"}),
        *bench.predict(0.8, at=NOW - timedelta(minutes=30), features={"pclass": 1.0}),
        *bench.predict(0.9, at=NOW - timedelta(minutes=20), features={"sex": "female", "pclass": 1.0}),
        *bench.predict(0.7, at=NOW - timedelta(days=1), version="00000000000000aa"),
        *bench.predict(0.6, at=NOW - timedelta(days=10)),
        # Just before the usual three days.
        *bench.predict(0.5, at=NOW - timedelta(days=3)),
    ]
    assert set(queue(call, query)) == {ids[number] for number in expected}


def test_a_record_that_was_shipped_late_or_twice_is_one_prediction_of_its_own_time(
    call: Call, bench: Bench
) -> None:
    moment = NOW - timedelta(hours=3)
    [id_] = ids_of(1, moment)
    bench.ship(logged_line(id_), at=moment, name="a")
    bench.ship(logged_line(id_), at=moment + timedelta(minutes=59), name="b")
    at = "%Y-%m-%dT%H:%M:%SZ"
    inside = f"from={moment - timedelta(minutes=1):{at}}&to={moment + timedelta(minutes=1):{at}}"
    outside = f"from={moment + timedelta(minutes=1):{at}}"
    assert queue(call, outside) == []
    assert queue(call, inside) == [id_]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("sex=other", "female"),
        ("pclass=4", "must be 1, 2 or 3"),
        ("version=../x", "match pattern"),
        ("from=yesterday", "valid datetime"),
        ("from=2026-11-01T00:00:00", "timezone"),
        ("from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z", "must be after"),
        ("from=2026-01-01T00:00:00Z&to=2026-11-01T00:00:00Z", "31 days"),
        ("min_probability=0.9&max_probability=0.1", "must not be above"),
        ("limit=101", "less than or equal to 100"),
        ("wanted=0", "greater than or equal to 1"),
        ("after=1", "match pattern"),
        ("annotator=a/b", "match pattern"),
        ("to=0.5", "a time is written as"),
        ("to=9999-12-31T23:59:59Z", "the years 2000 to 2199"),
        ("from=9999-12-20T00:00:00Z", "the years 2000 to 2199"),
        ("from=0001-01-01T00:00:00Z&to=0001-01-05T00:00:00Z", "the years 2000 to 2199"),
        ("from=0001-01-01T00:00:00%2B14:00", "the years 2000 to 2199"),
        ("round=1", "match pattern"),
        ("round=01a1feaa-00ea-7752-9015-c9355649249c&sex=male", "without filters"),
        ("round=01a1feaa-00ea-7752-9015-c9355649249c&version=00000000000000aa", "without filters"),
        ("surname=Allen", "is nothing to ask for; there are after, annotator, from, limit, "),
        ("surname=Allen", "wanted, pclass, sex, embarked, title"),
        ("name=Allen", "has no categories to ask for"),
        ("age=29", "has no categories to ask for"),
        ("survived=1", "is nothing to ask for"),
        ("start=2026-11-01T00:00:00Z", "is nothing to ask for"),
    ],
)
def test_a_query_that_does_not_fit_is_refused_with_the_reason(call: Call, query: str, said: str) -> None:
    status, refusal = call("GET", f"/feedback/queue?{query}")
    assert status == 422
    assert said in str(refusal["detail"])


def test_every_fault_of_a_query_is_named(call: Call) -> None:
    status, refusal = call("GET", "/feedback/queue?limit=0&sex=x&surname=y&pclass=one&to=soon")
    assert (status, refusal["code"]) == (422, "INVALID_INPUT")
    assert refusal["error"] == "the input does not fit; `detail` says where"
    assert {item["loc"][1] for item in refusal["detail"]} == {"limit", "sex", "surname", "pclass", "to"}
    assert {item["loc"][0] for item in refusal["detail"]} == {"query"}


BY_FEATURE = {
    "": {0, 1, 2, 3},
    "plan_type=yearly": {1, 3},
    "Plan%20Type=YEARLY": {1, 3},
    "tariff=yearly": {1, 3},
    "plantype=yearly&plantype=monthly": {0, 1, 2, 3},
    "paperless=no": {2, 3},
    "paperless=true&tariff=monthly": {0},
    # Lifeboat's own parameter, and the feature of that name.
    "version=0000000000000000": {0, 1, 2, 3},
    "version_=3": {3},
    # The log has the float32 of 0.1.
    "Version=0.1": {2},
    "Version=0.1&Version=3": {2, 3},
    "source=shop": {1},
}


@pytest.mark.parametrize(("query", "expected"), BY_FEATURE.items(), ids=list(BY_FEATURE))
def test_any_feature_with_categories_narrows_by_its_name(
    call: Call, churn: Bench, query: str, expected: set[int]
) -> None:
    ids = [
        *churn.predict(0.1),
        *churn.predict(0.2, features={"Plan Type": "yearly", "source": "shop"}),
        *churn.predict(0.3, features={"paperless": 0.0, "version": 0.10000000149011612}),
        *churn.predict(0.4, features={"Plan Type": "yearly", "paperless": 0.0, "version": 3.0}),
    ]
    assert set(queue(call, query, below="/models/churn")) == {ids[number] for number in expected}


def test_the_queue_of_a_model_has_its_own_predictions_and_leases(
    call: Call, bench: Bench, churn: Bench
) -> None:
    ours, theirs = bench.predict(0.5), churn.predict(0.5)
    assert queue(call, "annotator=alice") == ours
    assert queue(call, "annotator=bob") == []
    assert queue(call, "annotator=bob", below="/models/churn") == theirs
    assert queue(call, "annotator=alice", below="/models/titanic") == ours
    assert [entry.key.rpartition("/")[2] for entry in bench.list("feedback/leases/")] == [f"{ours[0]}.json"]


@pytest.mark.parametrize("query", ["from=2000-01-01T00:00:00Z", "to=2199-12-31T23:59:59Z"])
def test_the_first_time_and_the_last_that_fit_find_nothing(call: Call, query: str) -> None:
    for path in ("/feedback/queue", "/feedback/progress", "/feedback/export"):
        assert call("GET", f"{path}?{query}")[0] == 200
