"""The schema of a champion: read once, refreshed with the champion, kept while the store is away."""

from pathlib import Path

import pytest

from functions.core.base.errors import NoChampion, NotFound, StoreUnavailable, UnusableModel
from functions.core.registry import deployment
from functions.core.registry.keys import CHAMPION, manifest_key
from functions.core.storage.contract import Blob
from functions.feedback import schemas
from functions.feedback.schemas import SchemaCache
from tests.feedback.bench import Bench
from tests.support import versions
from tests.support.churn import SCHEMA as CHURN
from tests.support.clock import Clock
from tests.support.production import VERSION
from tests.support.titanic import SCHEMA


class Away(Bench):
    """A part of a store that can be out of reach, and counts what it is asked."""

    trouble: Exception | None = None
    asked = 0

    def get(self, key: str) -> Blob:
        self.asked += 1
        if self.trouble:
            raise self.trouble
        return super().get(key)

    def get_if_changed(self, key: str, etag: str) -> Blob | None:
        self.asked += 1
        if self.trouble:
            raise self.trouble
        return super().get_if_changed(key, etag)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(clock: Clock) -> SchemaCache:
    return SchemaCache(30, clock)


@pytest.fixture
def away(tmp_path: Path) -> Away:
    store = Away(tmp_path)
    store.asked = 0
    return store


def test_a_schema_is_read_once_and_looked_after_every_half_minute(
    cache: SchemaCache, clock: Clock, away: Away
) -> None:
    for clock.now in (0.0, 10.0, 29.9):
        assert cache.schema_of(away).names == SCHEMA.names
    assert away.asked == 2
    clock.now = 30
    assert cache.schema_of(away).names == SCHEMA.names
    # Whether the champion has changed; it has not.
    assert away.asked == 3
    versions.publish(away, "b" * 16, schema=CHURN)
    expected = deployment.read_to_replace(away)
    deployment.promote(away, "b" * 16, expected=expected, by="test", reason="")
    clock.now = 59
    assert cache.schema_of(away).names == SCHEMA.names
    clock.now = 60
    assert cache.schema_of(away).names == CHURN.names


@pytest.mark.parametrize(
    "trouble",
    [StoreUnavailable("away"), NotFound("gone"), UnusableModel("damaged"), KeyError("ETag"), MemoryError()],
)
def test_the_last_schema_counts_while_a_newer_one_cannot_be_had(
    cache: SchemaCache,
    clock: Clock,
    away: Away,
    trouble: Exception,
    capsys: pytest.CaptureFixture[str],
) -> None:
    cache.schema_of(away)
    away.trouble = trouble
    for clock.now in (30.0, 30.5, 31.0):
        assert cache.schema_of(away).names == SCHEMA.names
    # It is asked for once a second.
    assert away.asked == 4
    # And told of once, as it is the same trouble.
    assert capsys.readouterr().out.count("schema not refreshed") == 1


def test_a_schema_is_taken_from_no_manifest_that_was_changed(cache: SchemaCache, away: Away) -> None:
    changed = versions.publish(away, "c" * 16, schema=CHURN).model_copy(update={"version": VERSION})
    published = away.get(manifest_key(VERSION)).body
    away.put(manifest_key(VERSION), changed.as_json())
    with pytest.raises(UnusableModel, match=f"the manifest of version {VERSION} has been changed since"):
        cache.schema_of(away)
    away.put(manifest_key(VERSION), published)
    assert cache.schema_of(away).names == SCHEMA.names


def test_without_one_before_the_trouble_is_told(cache: SchemaCache, away: Away) -> None:
    away.trouble = StoreUnavailable("the store could not be reached")
    with pytest.raises(StoreUnavailable):
        cache.schema_of(away)
    away.trouble = None
    away.delete(manifest_key(VERSION))
    with pytest.raises(UnusableModel, match=f"version {VERSION} is in service and not published"):
        cache.schema_of(away)
    away.put(CHAMPION, b"{")
    with pytest.raises(UnusableModel, match="damaged"):
        cache.schema_of(away)
    away.delete(CHAMPION)
    # Its graph is there still.
    with pytest.raises(NoChampion, match="no version of the model titanic is in service yet"):
        cache.schema_of(away)


def test_no_more_schemas_are_kept_than_fit(
    cache: SchemaCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schemas, "MAX_MODELS", 2)
    stores = [Away(tmp_path, f"model-{number}") for number in range(3)]
    for store in stores:
        store.asked = 0
        cache.schema_of(store)
    cache.schema_of(stores[2])
    cache.schema_of(stores[1])
    cache.schema_of(stores[0])
    assert [store.asked for store in stores] == [4, 2, 2]
