"""One machine for all faults, and the table of what became of the requests, printed at the end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.machine import FUNCTIONS, Machine
from tests.faults.tally import Tally

_TALLY = Tally()


@pytest.fixture(scope="session")
def tally() -> Tally:
    """Where each test counts its requests; `notes` are printed below the table."""
    return _TALLY


@pytest.fixture(scope="session")
def machine(published: Path, tally: Tally) -> Iterator[Machine]:
    """Warm: every function has answered once."""
    machine = Machine()
    machine.start(published)
    try:
        for name in FUNCTIONS:
            fates = tally.of("none, the first request", name)
            fates.statuses[machine.ask(name)] += 1
            assert fates.answered == 1, machine.log[-20:]
        yield machine
    finally:
        machine.stop()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section("what became of the requests")
    for line in _TALLY.lines():
        terminalreporter.write_line(line)
