"""Figures: their medians and ratios, the table that is printed and the file that is kept."""

import json
from pathlib import Path

import pytest

from tests.bench import figures
from tests.bench.figures import Figures, percentile
from tests.bench.peers.table import to_figures


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(figures, "RESULTS", tmp_path / "results.json")
    return tmp_path / "results.json"


def test_a_row_is_printed_in_the_unit_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    cold = Figures("cold")
    # By hand: the quartiles of n values stand at places (n + 1) / 4.
    cold.add("start", [0.1, 0.4, 0.2, 0.3, 0.7, 0.5, 0.6])
    cold.note("times the floor", 2.0)
    cold.print_table("A start, ms")
    title, _, row, note = capsys.readouterr().out.strip().splitlines()
    assert title == "A start, ms"
    assert row.split() == ["start", "400.0", "200.0", "to", "600.0", "7"]
    assert note.split() == ["times", "the", "floor", "2.00"]


def test_one_measurement_is_kept_beside_the_others(results: Path) -> None:
    for benchmark, value in (("cold", 1.0), ("warm", 2.0), ("cold", 3.0)):
        measured = Figures(benchmark, "3.13.1")
        measured.add("row", [value] * 3)
        measured.note("ratio", value)
        measured.save()
    kept = json.loads(results.read_text())
    assert {name: one["rows"]["row"]["median"] for name, one in kept.items()} == {"cold": 3.0, "warm": 2.0}
    assert kept["warm"]["notes"] == {"ratio": 2.0}
    assert kept["warm"]["versions"]["python"] == "3.13.1"


@pytest.mark.parametrize(("percent", "value"), [(0, 1), (50, 2), (75, 3), (99, 4), (100, 4)])
def test_a_percentile_is_one_of_the_values(percent: float, value: float) -> None:
    assert percentile([3, 1, 4, 2], percent) == value


def test_better_is_less_time_and_memory_and_more_requests() -> None:
    def measured(cold: float, latency: float, rate: float, memory: float) -> dict[str, list[float]]:
        values = {"cold start, s": cold, "latency, ms": latency, "requests/s": rate, "memory, MiB": memory}
        return {kind: [value, value] for kind, value in values.items()}

    servers = {"Lifeboat": measured(0.5, 0.25, 4000, 80), "Peer": measured(2.0, 2.5, 200, 240)}
    compared = to_figures(servers, {"Lifeboat": 100, "Peer": 300}, "3.13")
    ratios = {
        kind: compared.noted(f"times better than Peer: {kind}")
        for kind in ("cold start", "latency", "requests/s", "memory")
    }
    assert ratios == {"cold start": 4, "latency": 10, "requests/s": 20, "memory": 3}
