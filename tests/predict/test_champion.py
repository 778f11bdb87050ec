"""The champion in memory: refreshed at intervals, and usable whatever breaks."""

import json
from datetime import UTC, datetime
from http.client import IncompleteRead
from pathlib import Path

import pytest

from functions.core.base.errors import NoChampion, StoreUnavailable, UnusableModel
from functions.core.registry import deployment, versions
from functions.core.registry.deployment import Champion
from functions.core.registry.history import Promotion
from functions.core.registry.keys import CHAMPION, manifest_key, model_key, sha256
from functions.core.storage.contract import Blob
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelReader, ModelStore
from functions.predict import service
from functions.predict.champion import ChampionCache, load_by_name
from tests.conftest import Call
from tests.support.clock import Clock
from tests.support.graphs import age_graph, constant_graph, endless_graph
from tests.support.versions import overwrite_manifest

WOMAN = {"pclass": 1, "sex": "female", "age": 29}


class Away(FolderStore):
    """A store that can be out of reach, and counts what it is asked."""

    away = False
    asked = 0

    def get(self, key: str) -> Blob:
        self.asked += 1
        if self.away:
            raise StoreUnavailable("the store could not be reached")
        return super().get(key)


def put_champion(whole: FolderStore, version: str, sequence: int) -> None:
    entry = Promotion(sequence=sequence, version=version, promoted_at=datetime.now(UTC), by="test", reason="")
    champion = Champion(**entry.model_dump(), previous=None, history=[entry])
    ModelStore(whole, "titanic").put(CHAMPION, champion.as_json())


def copy_version(whole: FolderStore, old: str, new: str, model: bytes | None = None) -> None:
    """Publish the bytes of `old` again as `new`, with another graph if one is given."""
    store = ModelStore(whole, "titanic")
    manifest = versions.read_manifest(store, old)
    store.put(model_key(new), model or versions.read_model(store, manifest))
    store.put(manifest_key(new), manifest.model_copy(update={"version": new}).as_json())


@pytest.fixture
def warm(published: Path, tmp_path: Path) -> tuple[Away, Clock, ChampionCache, str]:
    """A cache that has loaded a champion from a store of its own, which refreshes every 30 seconds."""
    store, clock = Away(str(tmp_path)), Clock()
    original = FolderStore(str(published))
    for entry in original.list(""):
        store.put(entry.key, original.get(entry.key).body)
    cache = ChampionCache(ModelReader(store, "titanic"), 30, clock)
    return store, clock, cache, cache.current().served.version


def test_the_champion_is_asked_for_once_an_interval(warm: tuple[Away, Clock, ChampionCache, str]) -> None:
    store, clock, cache, _ = warm
    asked = store.asked
    for second in (0.0, 15.0, 29.9):
        clock.now = second
        cache.current()
    assert store.asked == asked
    clock.now = 30
    cache.current()
    assert store.asked == asked + 1


def test_a_new_champion_is_seen_after_the_interval(warm: tuple[Away, Clock, ChampionCache, str]) -> None:
    store, clock, cache, version = warm
    copy_version(store, version, "new")
    put_champion(store, "new", 2)
    assert cache.current().served.version == version
    clock.now = 30
    assert cache.current().served.version == "new"


@pytest.mark.parametrize("broken", ["store away", "model tampered", "manifest gone", "champion damaged"])
def test_whatever_breaks_the_last_good_model_goes_on(
    warm: tuple[Away, Clock, ChampionCache, str], broken: str
) -> None:
    store, clock, cache, version = warm
    if broken == "store away":
        store.away = True
    elif broken == "model tampered":
        copy_version(store, version, "new", b"not the graph")
        put_champion(store, "new", 2)
    elif broken == "manifest gone":
        put_champion(store, "new", 2)
    else:
        store.put("registry/titanic/champion.json", b"{")
    clock.now = 30
    assert cache.current().served.version == version
    assert cache.trouble
    store.away = False
    copy_version(store, version, "mended")
    put_champion(store, "mended", 3)
    clock.now = 60
    assert cache.current().served.version == "mended"
    assert cache.trouble is None


@pytest.mark.parametrize("failure", [KeyError("ETag"), MemoryError(), IncompleteRead(b"", 9)])
def test_the_last_good_model_goes_on_whatever_is_raised_and_nothing_of_it_is_shown(
    warm: tuple[Away, Clock, ChampionCache, str],
    failure: Exception,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    store, clock, cache, version = warm

    def fail(*_: object) -> Blob:
        raise failure

    monkeypatch.setattr(store, "get", fail)
    clock.now = 30
    capsys.readouterr()
    assert cache.current().served.version == version
    line = json.loads(capsys.readouterr().out)
    assert (line["message"], line["error"]) == ("champion not refreshed", type(failure).__name__)
    cold = ChampionCache(ModelReader(store, "titanic"), 30, clock)
    with pytest.raises(NoChampion, match="by a mistake of ours; the log says which"):
        cold.current()


def test_a_store_that_hangs_holds_up_a_tenth_of_the_time_and_no_more(
    warm: tuple[Away, Clock, ChampionCache, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, clock, cache, version = warm
    held = []

    def hang(*_: object) -> Blob:
        clock.now += 6
        held.append(6)
        raise StoreUnavailable("the store could not be reached")

    monkeypatch.setattr(store, "get", hang)
    began = clock.now = 30.0
    while clock.now < began + 600:
        assert cache.current().served.version == version
        clock.now += 0.5
    assert sum(held) / (clock.now - began) < 0.11


def test_a_tampered_model_is_never_loaded(warm: tuple[Away, Clock, ChampionCache, str]) -> None:
    store, clock, _, version = warm
    store.put(f"models/titanic/{version}/model.onnx", b"not the graph")
    cold = ChampionCache(ModelReader(store, "titanic"), 30, clock)
    with pytest.raises(NoChampion, match="checksum"):
        cold.current()


def exchange(whole: FolderStore, version: str, graph: bytes, **changes: object) -> None:
    """What who may write below `models/` alone can do: another graph, and a manifest that fits it."""
    store = ModelStore(whole, "titanic")
    manifest = json.loads(store.get(manifest_key(version)).body) | changes
    manifest["files"]["model.onnx"] = {"sha256": sha256(graph), "size": len(graph)}
    store.put(model_key(version), graph)
    store.put(manifest_key(version), json.dumps(manifest).encode())


def vouch_for(whole: FolderStore, version: str) -> None:
    """Have the deployment say that the manifest which is there was promoted."""
    store = ModelStore(whole, "titanic")
    overwrite_manifest(store, version, store.get(manifest_key(version)).body)


def test_a_manifest_that_was_exchanged_with_its_graph_is_never_loaded(
    warm: tuple[Away, Clock, ChampionCache, str], capsys: pytest.CaptureFixture[str]
) -> None:
    store, clock, cache, version = warm
    exchange(store, version, constant_graph(0, 1))
    cold = ChampionCache(ModelReader(store, "titanic"), 30, clock)
    with pytest.raises(
        NoChampion, match="has been changed since it was published: restore the older version"
    ):
        cold.current()
    assert "champion not refreshed" in capsys.readouterr().out
    # What is in memory was the right one.
    clock.now = 30
    assert cache.current().served.version == version
    with pytest.raises(UnusableModel, match="has been changed since"):
        load_by_name(ModelReader(store, "titanic"), version)


def test_a_promotion_of_an_exchanged_version_leaves_the_last_good_one(
    warm: tuple[Away, Clock, ChampionCache, str],
) -> None:
    store, clock, cache, version = warm
    copy_version(store, version, "new")
    vouched = deployment.promote(
        ModelStore(store, "titanic"),
        "new",
        expected=deployment.read_champion(ModelStore(store, "titanic")),
        by="test",
        reason="",
    )
    exchange(store, "new", constant_graph(0, 1))
    clock.now = 30
    assert (cache.current().served.version, vouched.version) == (version, "new")
    assert "has been changed since it was published" in str(cache.trouble)


@pytest.mark.parametrize(
    ("graph", "trouble"),
    [
        (constant_graph(-6.5, 7.5), "no labels and probabilities"),
        (constant_graph(2, -1), "no labels and probabilities"),
        (constant_graph(float("nan"), float("nan")), "no labels and probabilities"),
        (endless_graph(), "did not load"),
    ],
    ids=["above one", "below zero", "not a number", "endless"],
)
def test_a_graph_that_answers_no_probability_does_not_come_into_service(
    warm: tuple[Away, Clock, ChampionCache, str], graph: bytes, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.predict.champion.LOAD_SECONDS", 0.5)
    store, clock, cache, version = warm
    copy_version(store, version, "new")
    exchange(store, "new", graph)
    vouch_for(store, "new")
    put_champion(store, "new", 2)
    clock.now = 30
    assert cache.current().served.version == version
    assert trouble in str(cache.trouble)


def test_a_champion_of_an_earlier_release_is_served_with_one_warning(
    warm: tuple[Away, Clock, ChampionCache, str], capsys: pytest.CaptureFixture[str]
) -> None:
    store, clock, _, version = warm
    put_champion(store, version, 2)
    store.asked = 0
    cold = ChampionCache(ModelReader(store, "titanic"), 30, clock)
    for clock.now in (0.0, 30.0, 60.0):
        assert cold.current().served.version == version
    levels = [json.loads(line)["level"] for line in capsys.readouterr().out.splitlines()]
    assert levels == ["WARNING", "INFO"]


def test_a_cold_start_reads_three_objects(warm: tuple[Away, Clock, ChampionCache, str]) -> None:
    store, clock, _, _ = warm
    store.asked = 0
    ChampionCache(ModelReader(store, "titanic"), 30, clock).current()
    assert store.asked == 3


def test_a_store_without_a_champion_is_asked_at_most_once_a_second(tmp_path: Path) -> None:
    store, clock = Away(str(tmp_path)), Clock()
    cache = ChampionCache(ModelReader(store, "titanic"), 30, clock)
    for second in (0.0, 0.5, 0.9, 1.0):
        clock.now = second
        with pytest.raises(NoChampion):
            cache.current()
    assert store.asked == 2


def test_that_a_model_named_by_who_asks_is_not_there_is_no_error_of_ours(
    warm: tuple[Away, Clock, ChampionCache, str], capsys: pytest.CaptureFixture[str]
) -> None:
    store, clock, _, _ = warm
    capsys.readouterr()
    named = ChampionCache(ModelReader(store, "nosuch"), 30, clock, may_be_missing=True)
    for _ in range(2):
        with pytest.raises(NoChampion):
            named.current()
        clock.now += 31
    assert named.is_missing
    assert capsys.readouterr().out == ""
    # The default model has to be there; and a champion that is gone was taken away.
    with pytest.raises(NoChampion):
        ChampionCache(ModelReader(store, "nosuch"), 30, clock).current()
    assert capsys.readouterr().out.count("champion not refreshed") == 1
    served = ChampionCache(ModelReader(store, "titanic"), 30, clock, may_be_missing=True)
    served.current()
    store.delete("registry/titanic/champion.json")
    clock.now += 31
    served.current()
    assert capsys.readouterr().out.count("champion not refreshed") == 1


def test_a_store_that_hangs_is_not_asked_again_for_as_long_as_it_hung(tmp_path: Path) -> None:
    class Hanging(Away):
        def get(self, key: str) -> Blob:
            clock.now += 6
            return super().get(key)

    store, clock = Hanging(str(tmp_path)), Clock()
    store.away = True
    cache = ChampionCache(ModelReader(store, "titanic"), 30, clock)
    # The request that waited for it, on its long way; and another, at last.
    for later, asked in ((0.0, 1), (5.9, 1), (0.1, 2)):
        clock.now += later
        with pytest.raises(NoChampion, match="could not be reached"):
            cache.current()
        assert store.asked == asked


def test_ready_tells_why_an_older_model_answers(
    call: Call, warm: tuple[Away, Clock, ChampionCache, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, clock, cache, version = warm
    service.service().default = cache
    store.away, clock.now = True, 30
    status, answer = call("GET", "/health/ready")
    assert (status, answer["version"]) == (200, version)
    assert answer["warning"] == "the store could not be reached"
    assert call("POST", "/predict", json.dumps(WOMAN))[0] == 200


def test_an_answer_that_is_no_probability_is_never_served(
    published: Path, tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, original = FolderStore(str(tmp_path)), FolderStore(str(published))
    for entry in original.list(""):
        store.put(entry.key, original.get(entry.key).body)
    version = deployment.read_champion(ModelStore(store, "titanic"))[0].version
    exchange(store, version, age_graph())
    vouch_for(store, version)
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path))
    status, answer = call("POST", "/predict", json.dumps({**WOMAN, "age": 60}))
    assert (status, round(answer["probability"], 4)) == (200, 0.6)
    for path, body in (
        ("/predict", {**WOMAN, "age": 110}),
        ("/predict/batch", {"rows": [{**WOMAN, "age": 60}, {**WOMAN, "age": 110}]}),
        ("/invocations", {"dataframe_records": [{**WOMAN, "age": 110}]}),
    ):
        status, answer = call("POST", path, json.dumps(body))
        assert (status, answer["code"]) == (500, "UNSOUND_ANSWER"), path
        assert "nothing of it is told: put another version into service" in answer["error"]
