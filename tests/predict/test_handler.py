"""The predict function through its Lambda handler: answers, errors, and a champion that stays usable."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from functions.core.base.errors import NoChampion, StoreUnavailable
from functions.core.base.ids import new_ids, time_of
from functions.core.registry import deployment, versions
from functions.core.registry.deployment import Champion
from functions.core.registry.history import Promotion
from functions.core.storage.contract import Blob, Store
from functions.core.storage.folder import FolderStore
from functions.predict import service
from functions.predict.champion import ChampionCache
from tests.conftest import Call, Send
from training.dataset import Dataset
from training.train import Trained

WOMAN = {"pclass": 1, "sex": "female", "age": 29}


def test_the_golden_event_is_scored(
    call: Call, event: Callable[[str], dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    status, answer = call("POST", "/predict", event("http_predict")["body"])
    assert status == 200
    assert answer["survived"] is True
    assert 0.5 < answer["probability"] <= 1
    assert answer["threshold"] == 0.5
    assert UUID(answer["prediction_id"]).version == 7
    assert answer["model"]["name"] == "titanic"
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (logged,) = [line for line in lines if line["message"] == "prediction"]
    assert logged["prediction_id"] == answer["prediction_id"]
    assert logged["request_id"] == "JKJaXmPLvHcESHA="


def test_a_woman_of_the_first_class_and_a_man_of_the_third_stand_on_the_right_sides(call: Call) -> None:
    _, woman = call("POST", "/predict", json.dumps(WOMAN))
    _, man = call("POST", "/predict", json.dumps({"Pclass": 3, "Sex": "male", "Age": 22, "Fare": 7.25}))
    assert woman["probability"] > 0.5 > man["probability"]


def test_the_name_is_never_logged(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    call("POST", "/predict", json.dumps({**WOMAN, "name": "Secretive, Miss. Ada"}))
    assert "Secretive" not in capsys.readouterr().out


def test_a_body_may_arrive_as_base64(call: Call) -> None:
    body = base64.b64encode(json.dumps(WOMAN).encode()).decode()
    assert call("POST", "/predict", body, isBase64Encoded=True)[0] == 200


BAD_BODIES = {
    "not JSON": ("{", 400, "INVALID_JSON"),
    "empty": ("", 400, "INVALID_JSON"),
    "no object": ("[1]", 422, "INVALID_INPUT"),
    "null": ("null", 422, "INVALID_INPUT"),
    "nothing in it": ("{}", 422, "INVALID_INPUT"),
    "wrong type": ('{"pclass": "first", "sex": "female"}', 422, "INVALID_INPUT"),
    "unknown field": ('{"pclass": 1, "sex": "female", "cabins": 1}', 422, "INVALID_INPUT"),
    "NaN": ('{"pclass": 1, "sex": "female", "age": NaN}', 422, "INVALID_INPUT"),
    "infinity": ('{"pclass": 1, "sex": "female", "age": 1e400}', 422, "INVALID_INPUT"),
    "age -1": ('{"pclass": 1, "sex": "female", "age": -1}', 422, "INVALID_INPUT"),
    "1 MB of junk": ("x" * 1_000_000, 413, "PAYLOAD_TOO_LARGE"),
    "1 MB of JSON": (json.dumps({**WOMAN, "name": "x" * 1_000_000}), 413, "PAYLOAD_TOO_LARGE"),
    "deep": ("[" * 100_000, 400, "INVALID_JSON"),
    "a number of 5,000 digits": ('{"pclass": ' + "9" * 5000 + "}", 400, "INVALID_JSON"),
    "a lone surrogate in a value": ('{"pclass": 1, "sex": "\\ud800"}', 400, "INVALID_JSON"),
    "a lone surrogate in a name": ('{"pclass": 1, "sex": "male", "\\ud800": 1}', 400, "INVALID_JSON"),
}


@pytest.mark.parametrize(("body", "status", "code"), BAD_BODIES.values(), ids=BAD_BODIES)
def test_a_bad_body_is_answered_in_the_envelope(call: Call, body: str, status: int, code: str) -> None:
    found, answer = call("POST", "/predict", body)
    assert (found, answer["code"]) == (status, code)
    assert set(answer) == {"error", "code", "detail", "request_id"}
    assert answer["request_id"] == "JKJaXmPLvHcESHA="
    assert "xxxx" not in json.dumps(answer)


def test_the_envelope_names_the_field(call: Call) -> None:
    _, answer = call("POST", "/predict", '{"pclass": 1, "sex": "female", "age": -1}')
    assert answer["detail"] == [
        {
            "loc": ["body", "age"],
            "msg": "Input should be greater than or equal to 0",
            "type": "greater_than_equal",
        }
    ]


def test_bytes_that_are_no_text_are_a_bad_request(call: Call) -> None:
    body = base64.b64encode(b"\xff\xfe").decode()
    assert call("POST", "/predict", body, isBase64Encoded=True)[0] == 400


def test_another_content_type_is_told_what_to_send(
    call: Call, event: Callable[[str], dict[str, Any]]
) -> None:
    headers = event("http_predict")["headers"] | {"content-type": "application/x-www-form-urlencoded"}
    status, answer = call("POST", "/predict", json.dumps(WOMAN), headers=headers)
    assert (status, answer["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert "application/json" in answer["error"]


def test_unknown_paths_and_methods_are_answered_in_the_envelope(call: Call) -> None:
    assert call("GET", "/nowhere")[1]["code"] == "NOT_FOUND"
    assert call("GET", "/predict")[1]["code"] == "METHOD_NOT_ALLOWED"


def test_an_unexpected_error_shows_nothing_of_itself(
    call: Call, send: Send, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def crash(*_: Any, **__: Any) -> None:
        raise RuntimeError("s3://private-bucket")

    monkeypatch.setattr(service.Service, "predict", crash)
    status, answer = call("POST", "/predict", json.dumps(WOMAN))
    assert (status, answer["code"]) == (500, "INTERNAL")
    assert send("POST", "/predict", json.dumps(WOMAN))["headers"]["cache-control"] == "no-store"
    assert "private-bucket" not in json.dumps(answer)
    assert "private-bucket" in capsys.readouterr().out


def test_health_and_model_describe_what_is_in_service(call: Call, published: Path) -> None:
    champion, _ = deployment.read_champion(FolderStore(str(published)))
    assert call("GET", "/health/live") == (200, {"live": True})
    assert call("GET", "/health/ready")[1] == {"ready": True, "version": champion.version, "warning": None}
    _, card = call("GET", "/model")
    assert card["version"] == champion.version
    assert card["dataset"]["rows"] == 1309
    assert card["certificate"]["label_flips"] == 0
    assert [tensor["name"] for tensor in card["signature"]["inputs"]][:2] == ["pclass", "sex"]


def test_the_example_in_the_document_is_scored(call: Call) -> None:
    _, document = call("GET", "/openapi.json")
    body = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    (example,) = body["schema"]["examples"]
    assert call("POST", "/predict", json.dumps(example))[0] == 200
    for path in document["paths"].values():
        for operation in path.values():
            assert operation["summary"]


def test_without_a_champion_it_is_alive_but_not_ready(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path))
    assert call("GET", "/health/live")[0] == 200
    for method, path, body in (("GET", "/health/ready", None), ("POST", "/predict", json.dumps(WOMAN))):
        status, answer = call(method, path, body)
        assert (status, answer["code"]) == (503, "NO_CHAMPION")
        assert "upload a dataset" in answer["error"]


def test_settings_that_do_not_fit_name_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIFEBOAT_STORE", raising=False)
    monkeypatch.setenv("LIFEBOAT_REFRESH_SECONDS", "soon")
    with pytest.raises(SystemExit, match=r"LIFEBOAT_STORE.*LIFEBOAT_REFRESH_SECONDS"):
        service.PredictSettings.from_environment()


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Away(FolderStore):
    """A store that can be out of reach, and counts what it is asked."""

    away = False
    asked = 0

    def get(self, key: str) -> Blob:
        self.asked += 1
        if self.away:
            raise StoreUnavailable("the store could not be reached")
        return super().get(key)


def put_champion(store: Store, version: str, sequence: int) -> None:
    entry = Promotion(sequence=sequence, version=version, promoted_at=datetime.now(UTC), by="test", reason="")
    champion = Champion(**entry.model_dump(), previous=None, history=[entry])
    store.put(deployment.CHAMPION, champion.model_dump_json().encode())


def copy_version(store: Store, old: str, new: str, model: bytes | None = None) -> None:
    """Publish the bytes of `old` again as `new`, with another graph if one is given."""
    manifest = versions.read_manifest(store, old)
    store.put(versions.model_key(new), model or versions.read_model(store, manifest))
    renamed = manifest.model_copy(update={"version": new})
    store.put(versions.manifest_key(new), renamed.model_dump_json().encode())


@pytest.fixture
def warm(published: Path, tmp_path: Path) -> tuple[Away, Clock, ChampionCache, str]:
    """A cache that has loaded a champion from a store of its own, which refreshes every 30 seconds."""
    store, clock = Away(str(tmp_path)), Clock()
    original = FolderStore(str(published))
    for entry in original.list(""):
        store.put(entry.key, original.get(entry.key).body)
    cache = ChampionCache(store, 30, clock)
    return store, clock, cache, cache.current().manifest.version


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
    assert cache.current().manifest.version == version
    clock.now = 30
    assert cache.current().manifest.version == "new"


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
        store.put(deployment.CHAMPION, b"{")
    clock.now = 30
    assert cache.current().manifest.version == version
    assert cache.trouble
    store.away = False
    copy_version(store, version, "mended")
    put_champion(store, "mended", 3)
    clock.now = 60
    assert cache.current().manifest.version == "mended"
    assert cache.trouble is None


def test_a_tampered_model_is_never_loaded(warm: tuple[Away, Clock, ChampionCache, str]) -> None:
    store, clock, _, version = warm
    store.put(versions.model_key(version), b"not the graph")
    cold = ChampionCache(store, 30, clock)
    with pytest.raises(NoChampion, match="checksum"):
        cold.current()


def test_a_store_without_a_champion_is_asked_at_most_once_a_second(tmp_path: Path) -> None:
    store, clock = Away(str(tmp_path)), Clock()
    cache = ChampionCache(store, 30, clock)
    for second in (0.0, 0.5, 0.9, 1.0):
        clock.now = second
        with pytest.raises(NoChampion):
            cache.current()
    assert store.asked == 2


def test_a_store_that_hangs_is_not_asked_again_for_as_long_as_it_hung(tmp_path: Path) -> None:
    class Hanging(Away):
        def get(self, key: str) -> Blob:
            clock.now += 6
            return super().get(key)

    store, clock = Hanging(str(tmp_path)), Clock()
    store.away = True
    cache = ChampionCache(store, 30, clock)
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
    service.service().champions = cache
    store.away, clock.now = True, 30
    status, answer = call("GET", "/health/ready")
    assert (status, answer["version"]) == (200, version)
    assert answer["warning"] == "the store could not be reached"
    assert call("POST", "/predict", json.dumps(WOMAN))[0] == 200


def test_ids_carry_their_time_and_do_not_repeat() -> None:
    made = [*new_ids(500), *new_ids(500)]
    assert len(set(made)) == 1000
    uuids = [UUID(one) for one in made]
    assert {(one.version, one.variant) for one in uuids} == {(7, UUID(int=0x8 << 60).variant)}
    assert [str(one) for one in uuids] == made
    assert abs(time_of(made[0]) - datetime.now(UTC)) < timedelta(seconds=60)
    # Each of the 74 random bits is drawn: in a thousand ids it is set in some and not in others.
    varied = 0
    for one in uuids:
        varied |= one.int ^ uuids[0].int
    assert varied & ~(0xFFFF << 76) & (1 << 62) - 1 == (1 << 62) - 1
    assert varied >> 64 & 0xFFF == 0xFFF


def test_what_is_no_id_has_no_time() -> None:
    for text in ("", "x", "2c5ea4c0-4067-11e9-8bad-9b1deb4d3b7d"):
        with pytest.raises(ValueError, match="UUID"):
            time_of(text)


def test_served_probabilities_are_those_of_the_holdout(trained: Trained, titanic: Dataset) -> None:
    from training.train import probabilities

    assert (probabilities(trained.model, titanic.judged[0]) == trained.probability).all()
