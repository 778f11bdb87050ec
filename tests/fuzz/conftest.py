"""How long the made-up cases go on, from which seed, and the counts at the end.

`make test-fuzz` says so by FUZZ_MINUTES and FUZZ_SEED. Without them each test is short, and always the same.
"""

import os
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fuzz.campaign import Campaign
from tests.fuzz.world import World

MINUTES = float(os.environ.get("FUZZ_MINUTES") or 0)
# Set in the environment, so that all workers of pytest-xdist have the same.
SEED = int(os.environ.get("FUZZ_SEED") or (random.randrange(10**6) if MINUTES else 0))  # noqa: S311
os.environ["FUZZ_SEED"] = str(SEED)
SHARING = pytest.StashKey[int]()


def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Tell the tests how many share the time."""
    session.config.stash[SHARING] = sum("campaign" in getattr(item, "fixturenames", ()) for item in items)


@pytest.fixture
def campaign(request: pytest.FixtureRequest, record_property: Any) -> Iterator[Campaign]:
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    sharing = request.config.stash[SHARING]
    # With fewer tests than workers, nobody shares.
    seconds = MINUTES * 60 * min(workers / sharing, 1) if MINUTES else None
    campaign = Campaign(request.node.nodeid, SEED, seconds)
    yield campaign
    record_property("fuzz", dict(campaign.counts))


@pytest.fixture
def world(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """What the functions see: a store with a champion, of which every case finds the same."""
    world = World(published, tmp_path)
    monkeypatch.setenv("LIFEBOAT_STORE", str(world.folder))
    world.forget()
    yield world
    world.forget()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What became of the cases, test by test."""
    # pytest files what it does not count, such as the end of a test that passed, under no word.
    counted: dict[str, Counter[str]] = {
        report.nodeid: Counter(dict(report.user_properties)["fuzz"])
        for report in terminalreporter.stats.get("", ())
        if report.when == "teardown" and "fuzz" in dict(report.user_properties)
    }
    if not counted:
        return
    terminalreporter.section(f"made-up cases, seed {SEED}")
    for test, counts in sorted(counted.items()):
        fates = ", ".join(f"{fate} {count:,}" for fate, count in sorted(counts.items()))
        terminalreporter.line(f"{test.rpartition('/')[2]}: {counts.total():,}: {fates}")
    faults = sum(report.nodeid in counted for report in terminalreporter.stats.get("failed", ()))
    cases = sum(counts.total() for counts in counted.values())
    terminalreporter.line(f"{cases:,} cases; crashes, five-hundreds and other faults: {faults}")
