"""The retrain benchmark on bundles that do little: its figures, and what it says of functions that fail."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from functions.core.storage.folder import FolderStore
from tests.bench import retrain
from tests.bench.stage import Stage

# Both functions keep the champion in a file beside their bundles.
CHAMPION = """
from pathlib import Path

champion = Path(__file__).parents[3] / "champion"
"""
PREDICT = """
import json

def handler(event, context):
    if not champion.exists():
        return {"statusCode": 503}
    return {"statusCode": 200, "body": json.dumps({"model": {"version": champion.read_text()}})}
"""
RETRAIN = """
import time

def handler(event, context):
    print("a line of the log")
    version = str(int(champion.read_text()) + 1)
    new = champion.with_suffix(".new")
    new.write_text(version)
    time.sleep(0.05)
    new.replace(champion)
    return {"results": [{"status": "promoted", "version": version}]}
"""

MakeStage = Callable[..., Stage]


@pytest.fixture
def make_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeStage:
    """A stage for this Python with the handlers given as its bundles; the champion is version 1."""
    monkeypatch.setattr(retrain, "ROUNDS", 2)
    monkeypatch.setenv("LIFEBOAT_STORE", "s3://bench")

    def make_stage(*, predict: str = PREDICT, retrain: str = RETRAIN) -> Stage:
        for name, source in {"predict": predict, "retrain": retrain}.items():
            handler = tmp_path / f"{name.title()}Function" / "functions" / name / "handler.py"
            handler.parent.mkdir(parents=True)
            handler.write_text(CHAMPION + source)
        (tmp_path / "champion").write_text("1")
        store = FolderStore(str(tmp_path / "store"))
        return Stage(Path(sys.executable), store, tmp_path / "model.onnx", tmp_path)

    return make_stage


def test_a_promotion_is_seen_in_a_warm_function(make_stage: MakeStage) -> None:
    figures = retrain.measure(make_stage())
    assert 0.05 < figures.median("event to answers by the new champion") < 60
    assert 0.05 < figures.median("event to the end of the retrain") < 60


def test_a_model_that_is_not_promoted_is_no_figure(make_stage: MakeStage) -> None:
    held = 'def handler(event, context): return {"results": [{"status": "held back"}]}'
    with pytest.raises(RuntimeError, match=r"not promoted: .*held back"):
        retrain.measure(make_stage(retrain=held))


def test_another_model_that_answers_is_no_figure(make_stage: MakeStage) -> None:
    other = RETRAIN.replace('"version": version', '"version": "9"')
    with pytest.raises(RuntimeError, match="9 was promoted, but 2 answers"):
        retrain.measure(make_stage(retrain=other))


def test_a_new_model_that_never_answers_is_not_waited_for_without_end(
    make_stage: MakeStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrain, "_PATIENCE_SECONDS", 0.1)
    nothing = RETRAIN.replace("new.replace(champion)", "")
    with pytest.raises(RuntimeError, match="no new model answered"):
        retrain.measure(make_stage(retrain=nothing))


def test_a_function_that_cannot_answer_says_so(
    make_stage: MakeStage, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(RuntimeError, match="did not answer"):
        retrain.measure(make_stage(predict='def handler(event, context): return {"statusCode": 503}'))
    assert "{'statusCode': 503}" in capfd.readouterr().err


def test_a_function_that_fails_during_the_retrain_says_so(
    make_stage: MakeStage, capfd: pytest.CaptureFixture[str]
) -> None:
    loses = RETRAIN.replace("new.replace(champion)", "champion.unlink()")
    with pytest.raises(RuntimeError, match="the predict function failed"):
        retrain.measure(make_stage(retrain=loses))
    assert "{'statusCode': 503}" in capfd.readouterr().err
