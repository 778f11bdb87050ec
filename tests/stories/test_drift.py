"""The circle closes on the real functions: drift found, a retrain promoted, the quality back. If not, why."""

import asyncio
import re
from pathlib import Path

import pytest

from functions.local import machine
from functions.local.__main__ import main
from functions.local.platform.function_process import Outcome
from functions.local.runner import Options, running
from functions.local.story import drift as drift_story
from functions.local.story.drift import tell_of_drift
from functions.local.story.loop import StoryFailed
from tests.stories.drift_handlers import NEW
from tests.support.played import played_by

TEMPLATE = played_by("tests.stories.drift_handlers", "ANY $default")


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "LIFEBOAT_STORE", "LIFEBOAT_KEYS"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.long
def test_the_model_follows_the_passengers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo-drift", "--port", "0", "--store-port", "0"]) == 0
    said = capsys.readouterr().out
    steps = [line[:10].strip() for line in said.splitlines()]
    assert steps == [
        *("Store", "API", "Schema", "Uploaded", "Promoted", "Columns", ""),
        *("Same ship", "Monitor"),
        *("Other ship", "Monitor"),
        *("Other ship", "Monitor", "Quality", "Due", "Uploaded", "Promoted"),
        *("Other ship", "Quality", "Recovered"),
    ]
    assert "nothing drifted among 320 predictions" in said
    assert re.search(r"age \(PSI [0-9.]+\).* drifted; one window", said)
    assert re.search(r"age \(PSI [0-9.]+\).* drifted; confirmed", said)
    assert "because of drift: 960 labelled predictions" in said
    [(before, after)] = re.findall(r"log loss ([0-9.]+) before, ([0-9.]+) after", said)
    assert float(after) < float(before) - 0.2


def told(template: Path, monkeypatch: pytest.MonkeyPatch, fate: str) -> list[str]:
    """What the story says over functions that have it end so."""
    template.write_text(TEMPLATE)
    monkeypatch.setenv("LIFEBOAT_FATE", fate)
    # What is told does not depend on the store: a folder starts at once.
    monkeypatch.setenv("LIFEBOAT_STORE", str(template.with_name("store")))
    monkeypatch.setenv("LIFEBOAT_KEYS", str(template.with_name("keys.json")))
    monkeypatch.setattr(drift_story, "_SHIPPING_SECONDS", 1.0)
    monkeypatch.setattr(drift_story, "_REFRESH_SECONDS", 1.0)
    monkeypatch.setattr(machine, "POLL_SECONDS", 0.05)
    said: list[str] = []

    async def go() -> None:
        outcomes: asyncio.Queue[Outcome] = asyncio.Queue()
        options = Options(port=0, store_port=0, template=template)
        async with running(options, lambda *_: None, outcomes.put_nowait) as here:
            await tell_of_drift(here, outcomes, said.append)

    asyncio.run(go())
    return said


@pytest.mark.parametrize(
    ("fate", "says"),
    [
        ("not logged", "the predictions are not in the log after 1 seconds"),
        ("not complete", "the window is not complete: 7 predictions"),
        ("too few labels", "9 labels are too few"),
        ("not due", "no retrain was started: unchanged, no label"),
        ("not in service", "version 1111111111111111 does not come into service"),
        ("not better", "no better on the passengers who come now"),
    ],
)
def test_a_circle_that_does_not_close_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fate: str, says: str
) -> None:
    with pytest.raises(StoryFailed, match=says):
        told(tmp_path / "template.yaml", monkeypatch, fate)


def test_a_circle_that_closes_is_told_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = told(tmp_path / "template.yaml", monkeypatch, "mended")
    assert [line[:10].strip() for line in said[-4:]] == ["Promoted", "Other ship", "Quality", "Recovered"]
    assert said[-4] == f"Promoted   version {NEW}: as told"
    assert said[-1] == "Recovered  log loss 0.500 before, 0.400 after"


def test_when_the_gate_holds_the_model_back_its_rule_and_the_quality_since_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = told(tmp_path / "template.yaml", monkeypatch, "held by the gate")
    kept = said.index("Kept       the champion stays, by the rule proven worse: as told")
    assert [line[:10].strip() for line in said[kept + 1 :]] == ["Other ship", "Quality", "Unmended"]
    assert "log loss 0.500 before, 0.500 after" in said[-1]
