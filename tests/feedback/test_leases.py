"""Leases: who was handed a prediction has it for a while, and nobody has it for ever."""

import os
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from functions.core.base.errors import Conflict
from functions.core.storage.folder import FolderStore
from functions.feedback.leases import read_leases
from tests.feedback.bench import NOW, Bench, Call, queue


def test_a_lease_that_has_ended_lets_somebody_else_have_it(call: Call, bench: Bench) -> None:
    ids = bench.predict(0.5, 0.5)
    assert sorted(queue(call, "annotator=alice")) == ids
    assert queue(call, "annotator=bob") == []
    bench.end_leases()
    assert sorted(queue(call, "annotator=bob")) == ids
    assert queue(call, "annotator=alice") == []


def test_leases_end_after_the_seconds_of_the_setting(
    call: Call, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIFEBOAT_LEASE_SECONDS", "1")
    bench.predict(0.5)
    page = call("GET", "/feedback/queue?annotator=alice")[1]
    assert queue(call, "annotator=bob") == []
    time.sleep(1.05)
    assert datetime.fromisoformat(page["items"][0]["leased_until"]) < datetime.now(UTC)
    assert len(queue(call, "annotator=bob")) == 1


def test_an_old_lease_is_not_read_to_see_that_it_has_ended(call: Call, bench: Bench) -> None:
    [id_] = bench.predict(0.5)
    queue(call, "annotator=alice")
    [entry] = bench.list("feedback/leases/")
    long_ago = time.time() - 2000
    os.utime(bench.root / bench.full(entry.key), (long_ago, long_ago))
    watched = Bench(bench.root)
    leases = read_leases(watched, [NOW.date()], now=datetime.now(UTC), seconds=900)
    assert leases.etags == {id_: entry.etag}
    assert watched.read == []
    assert queue(call, "annotator=bob") == [id_]


def test_who_loses_a_race_for_a_lease_gets_others_instead(
    call: Call, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.predict(*[0.5] * 6)
    create = FolderStore.create
    lost: list[str] = []

    def raced(self: FolderStore, key: str, body: bytes, **options: Any) -> str:
        if len(lost) < 2:
            lost.append(key)
            raise Conflict(key)
        return create(self, key, body, **options)

    monkeypatch.setattr(FolderStore, "create", raced)
    won = queue(call, "limit=3")
    assert len(won) == 3
    assert not {key.rpartition("/")[2].removesuffix(".json") for key in lost} & set(won)


@pytest.mark.parametrize("damage", [b"{}", b"no json"])
def test_a_damaged_lease_counts_as_ended(call: Call, bench: Bench, damage: bytes) -> None:
    [id_] = bench.predict(0.5)
    queue(call, "annotator=alice")
    [entry] = bench.list("feedback/leases/")
    bench.put(entry.key, damage)
    assert queue(call, "annotator=bob") == [id_]
