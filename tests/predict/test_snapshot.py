"""SnapStart: what a process restored from a snapshot knows, and what it must not repeat."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import snapshot_restore_py as lambda_hooks

from functions.core.base.errors import StoreUnavailable
from functions.core.registry import deployment, versions
from functions.core.registry.keys import model_key
from functions.core.storage.contract import Blob, Store
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelReader, ModelStore
from functions.predict import service, snapshot
from functions.predict.champion import ChampionCache
from functions.predict.handler import full_app
from functions.predict.service import PredictSettings, Service

ROOT = Path(__file__).parents[2]


class Machine(FolderStore):
    """A store and the clock of the machine that asks it. A restore moves the clock, even backwards."""

    now = 1000.0
    away = False
    disconnected = 0

    def clock(self) -> float:
        return self.now

    def get(self, key: str) -> Blob:
        if self.away:
            raise StoreUnavailable("the store could not be reached")
        return super().get(key)

    def disconnect(self) -> None:
        self.disconnected += 1


@pytest.fixture(scope="module")
def objects(published: Path) -> dict[str, bytes]:
    """The objects of a store in which the shipped table made the champion."""
    store = FolderStore(str(published))
    return {entry.key: store.get(entry.key).body for entry in store.list("")}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(str(tmp_path))


@pytest.fixture
def cache(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> ChampionCache:
    """The predict function's cache, which refreshes every 30 seconds of the machine's clock."""
    cache = ChampionCache(ModelReader(machine, "titanic"), 30, machine.clock)
    held = Service(PredictSettings(store="unused", default_model="titanic"), machine)
    held.default = cache
    monkeypatch.setattr(snapshot, "service", lambda: held)
    return cache


def fill(store: Store, objects: dict[str, bytes]) -> str:
    """Put `objects` into the store. Returns the champion's version."""
    for key, body in objects.items():
        store.put(key, body)
    return deployment.read_champion(ModelStore(store, "titanic"))[0].version


def promote_a_copy(whole: Store, version: str) -> str:
    """Publish the champion's bytes again as another version and promote that."""
    store = ModelStore(whole, "titanic")
    manifest = versions.read_manifest(store, version)
    copy = manifest.model_copy(update={"version": "another"})
    store.put(model_key(copy.version), versions.read_model(store, manifest))
    versions.write_manifest(store, copy)
    promote(whole, copy.version)
    return copy.version


def promote(whole: Store, version: str) -> None:
    store = ModelStore(whole, "titanic")
    deployment.promote(store, version, expected=deployment.read_champion(store), by="test", reason="")


def test_the_entry_point_registers_its_hooks_with_lambda() -> None:
    from functions.predict.handler import handler

    assert callable(handler)
    before = [hook for hook, _, _ in lambda_hooks.get_before_snapshot()]
    assert before.count(snapshot.before_snapshot) == 1
    assert len(lambda_hooks.get_after_restore()) == len(before)


def test_where_lambdas_library_is_missing_the_entry_point_works_without_hooks() -> None:
    code = """
import sys
sys.modules["snapshot_restore_py"] = None  # what is None there cannot be imported
from functions.predict.handler import handler
print(callable(handler))
"""
    assert run(code) == "True\n"


def test_a_restored_process_scores_though_the_store_is_away(
    machine: Machine, cache: ChampionCache, objects: dict[str, bytes]
) -> None:
    version = fill(machine, objects)
    snapshot.before_snapshot(full_app)
    machine.away = True
    assert cache.current().served.version == version
    assert cache.trouble == "the store could not be reached"


@pytest.mark.parametrize("now", [5.0, 1000.0, 900_000.0], ids=["behind", "the same", "weeks later"])
def test_a_restored_process_checks_the_champion_before_its_first_answer(
    machine: Machine, cache: ChampionCache, objects: dict[str, bytes], now: float
) -> None:
    version = fill(machine, objects)
    snapshot.before_snapshot(full_app)
    newer = promote_a_copy(machine, version)
    machine.now = now
    assert cache.current().served.version == newer
    # From here on the clock counts again.
    promote(machine, version)
    assert cache.current().served.version == newer
    machine.now += 30
    assert cache.current().served.version == version


def test_no_connection_is_left_open_in_the_snapshot(
    machine: Machine, cache: ChampionCache, objects: dict[str, bytes]
) -> None:
    fill(machine, objects)
    snapshot.before_snapshot(full_app)
    assert machine.disconnected == 1


@pytest.mark.parametrize("away", [False, True], ids=["store empty", "store away"])
def test_without_a_champion_the_first_deployment_goes_on(
    machine: Machine, cache: ChampionCache, objects: dict[str, bytes], away: bool
) -> None:
    machine.away = away
    snapshot.before_snapshot(full_app)
    machine.away = False
    version = fill(machine, objects)
    assert cache.current().served.version == version


def test_settings_that_do_not_fit_fail_the_snapshot_and_with_it_the_deployment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("LIFEBOAT_STORE", raising=False)
    service.service.cache_clear()
    with pytest.raises(SystemExit, match="LIFEBOAT_STORE"):
        snapshot.before_snapshot(full_app)


# A snapshot is taken of a process that has made an id already; then it is restored twice. A bare fork stands
# in for the restore: memory is the same to the last byte, and Python's own precautions after `os.fork` (it
# seeds `random` anew) do not run, as they do not after a restore.
RESTORED_TWICE = """
import ctypes, json, os, random, uuid
from functions.core.base.ids import new_ids
from functions.predict import handler
from snapshot_restore_py import get_after_restore

new_ids(1), uuid.uuid4(), random.random()
for _ in range(2):
    child = ctypes.PyDLL(None).fork()
    if child == 0:
        before = random.getstate()
        for hook, args, kwargs in get_after_restore():
            hook(*args, **kwargs)
        hooked = [random.random() for _ in range(100)]
        random.setstate(before)
        line = {
            # Without their time, which would hide that the rest repeats.
            "new_ids": [uuid.UUID(one).int & (1 << 76) - 1 for one in new_ids(50) + new_ids(50)],
            "uuid4": [uuid.uuid4().int for _ in range(100)],
            "hooked": hooked,
            "unhooked": [random.random() for _ in range(100)],
        }
        os.write(1, json.dumps(line).encode() + b"\\n")
        os._exit(0)
    os.waitpid(child, 0)
"""


@pytest.fixture(scope="module")
def restored() -> list[dict[str, list[float]]]:
    """What two processes restored from one snapshot drew at random, by source."""
    return [json.loads(line) for line in run(RESTORED_TWICE).splitlines()]


@pytest.mark.parametrize("source", ["new_ids", "uuid4", "hooked"])
def test_processes_restored_from_one_snapshot_repeat_nothing(
    restored: list[dict[str, list[float]]], source: str
) -> None:
    one, other = restored
    assert len({*one[source], *other[source]}) == 200


def test_without_its_hook_a_seeded_generator_would_repeat(restored: list[dict[str, list[float]]]) -> None:
    # What shows that the test above would notice.
    one, other = restored
    assert one["unhooked"] == other["unhooked"]


def run(code: str) -> str:
    """What a Python of its own prints when it runs `code`."""
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    ).stdout
