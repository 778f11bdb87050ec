"""The circle closes on the real functions: drift found, a retrain promoted, the quality back."""

import re

import pytest

from functions.local.__main__ import main


def test_the_model_follows_the_passengers(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ENDPOINT_URL", "LIFEBOAT_STORE", "LIFEBOAT_KEYS"):
        monkeypatch.delenv(name, raising=False)
    assert main(["demo-drift", "--port", "0", "--store-port", "0"]) == 0
    said = capsys.readouterr().out
    steps = [line[:10].strip() for line in said.splitlines()]
    assert steps == [
        *("Store", "API", "Uploaded", "Promoted"),
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
