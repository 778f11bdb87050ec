"""What fires the function, and what it says; the same by hand."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from functions.core.base.errors import InvalidInput
from functions.core.storage.view import ModelStore
from functions.track import __main__ as command
from functions.track import handler as module
from functions.track.track import Tracked, track_model
from functions.track.tracker import Tracker, TrackingFailed
from tests.support.gateway import read_event
from tests.support.titanic import MODEL
from tests.support.versions import champion, promote

OTHER = "1" * 16


@pytest.fixture(autouse=True)
def _settings(
    copied: ModelStore, tmp_path: Path, uri: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path / "copied"))
    monkeypatch.setenv("LIFEBOAT_TRACKING_URI", uri)
    monkeypatch.setattr(command, "_shown", {})
    for cached in (module._settings, module._store, module._tracker):
        cached.cache_clear()
    yield
    for cached in (module._settings, module._store, module._tracker):
        cached.cache_clear()


def event(*keys: str) -> dict[str, Any]:
    records = []
    for key in keys:
        [record] = read_event("s3_put")["Records"]
        record["s3"]["object"]["key"] = key
        records.append(record)
    return {"Records": records}


def test_an_event_has_its_model_shown(copied: ModelStore) -> None:
    version = champion(copied).version
    both = event(f"models/{MODEL}/{version}/manifest.json", f"registry/{MODEL}/champion.json")
    assert module.handler(both, None) == {"tracked": [{"model": MODEL, "added": 1, "champion": version}]}
    assert module.handler(both, None)["tracked"][0]["added"] == 0


def test_the_schedule_has_all_models_shown() -> None:
    [tracked] = module.handler({"source": "aws.events"}, None)["tracked"]
    assert tracked["model"] == MODEL


def test_what_is_of_no_model_is_passed_over() -> None:
    assert module.handler(event("models/manifest.json", "registry/A B/champion.json"), None) == {
        "tracked": []
    }
    with pytest.raises(InvalidInput, match="not an S3 notification"):
        module.handler({"rawPath": "/"}, None)


def test_a_server_that_is_away_fails_the_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFEBOAT_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(TrackingFailed):
        module.handler(event(f"registry/{MODEL}/champion.json"), None)


def test_by_hand_all_models_or_some(copied: ModelStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--all"]) == 0
    assert f"{MODEL}: 1 versions added, champion {champion(copied).version}" in capsys.readouterr().out
    assert command.main(["--model", MODEL]) == 0


def test_by_hand_trouble_is_said_in_a_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    assert command.main(["--all", "--tracking-uri", "http://127.0.0.1:9"]) == 1
    assert capsys.readouterr().err.startswith("error: MLflow failed: ")
    assert command.main(["--all", "--store", "http://bucket"]) == 1


def test_watching_goes_on_through_trouble(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rounds = iter([None, TrackingFailed("MLflow failed: away"), None, KeyboardInterrupt()])
    track = command._track

    def troubled(*arguments: Any) -> None:
        track(*arguments)
        if (trouble := next(rounds)) is not None:
            raise trouble

    monkeypatch.setattr(command, "_track", troubled)
    assert command.main(["--all", "--watch", "0.01"]) == 130
    said = capsys.readouterr()
    assert said.out.count("versions added") == 1
    assert said.err.count("trying again") == 1


def test_watching_asks_mlflow_only_about_what_is_new(
    copied: ModelStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def counted(store: ModelStore, tracker: Tracker) -> Tracked:
        asked.append(store.model)
        return track_model(store, tracker)

    rounds = iter([lambda: None, lambda: promote(copied, OTHER), lambda: None, interrupt])

    def watched(_seconds: float) -> None:
        next(rounds)()

    monkeypatch.setattr(command, "track_model", counted)
    monkeypatch.setattr(time, "sleep", watched)
    assert command.main(["--all", "--watch", "0.01"]) == 130
    # At first, and after the promotion, which published a version, too.
    assert asked == [MODEL, MODEL]
    assert capsys.readouterr().out.count("1 versions added") == 2
    # And whether it still shows all, once a day.
    monkeypatch.setattr(command, "_ASK_AGAIN_SECONDS", 0.0)
    assert command.main(["--all"]) == 0
    assert asked == [MODEL] * 3


def interrupt() -> None:
    raise KeyboardInterrupt
