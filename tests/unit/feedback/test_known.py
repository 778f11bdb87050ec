"""Which predictions are known: the log is read once, and never more of it than a request may read."""

from datetime import timedelta
from typing import Any

import pytest

from functions.feedback import known as known_module
from functions.feedback.service import service
from tests.feedback import NOW, Bench, Call, id_at, say


def test_objects_of_the_log_that_were_read_are_not_read_again(call: Call, bench: Bench) -> None:
    ids = bench.predict(0.4, 0.6)
    known = service().known
    monitored = Bench(bench.root)
    known._store = monitored
    assert known.among(ids) == set(ids)
    assert len(monitored.read) == 1
    assert known.among([*ids, id_at(NOW)]) == set(ids)
    assert len(monitored.read) == 1


def test_what_is_remembered_of_the_log_is_limited(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_module, "_MOST_REMEMBERED", 3)
    known = known_module.KnownPredictions(bench, 10**6)
    first, second = bench.predict(0.1, 0.2), bench.predict(0.3, 0.4)
    assert known.among(first) == set(first)
    assert known.among([*first, *second]) == {*first, *second}
    assert known.among([*first, *second]) == {*first, *second}


def test_ids_of_the_future_are_unknown_without_looking(bench: Bench) -> None:
    known = known_module.KnownPredictions(bench, 10**6)
    assert known.among([id_at(NOW + timedelta(days=1)), "e677d000-0000-7000-8000-000000000000"]) == set()
    assert bench.read == []


@pytest.mark.parametrize("request_", [("GET", "/feedback/progress", None), ("POST", "/feedback", 1)])
def test_more_of_the_log_than_one_request_may_read_is_refused(
    call: Call, bench: Bench, monkeypatch: pytest.MonkeyPatch, request_: tuple[str, str, Any]
) -> None:
    monkeypatch.setenv("LIFEBOAT_MOST_LOG_BYTES", "500")
    [first], [second] = bench.predict(0.1), bench.predict(0.2)
    method, path, body = request_
    status, refusal = call(method, path, body and [say(first), say(second)])
    assert status == 422
    assert "ask for a shorter time" in refusal["error"]
    assert list(bench.list("feedback/")) == []
