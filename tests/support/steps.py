"""What a long run prints: a line for each step, and no dots between them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


class Steps:
    """Prints a line for each step: its name, its seconds, what came of it."""

    @contextmanager
    def __call__(self, name: str) -> Iterator[list[str]]:
        """What is appended to the list yielded is printed, each on a line of its own."""
        words: list[str] = []
        started = time.monotonic()
        yield words
        seconds = time.monotonic() - started
        print(f"{name:<10} {seconds:6.1f} s  " + ("\n" + " " * 21).join(words), flush=True)


@pytest.fixture(scope="session")
def step() -> Steps:
    return Steps()


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """No dots between the lines of the steps."""
    if report.failed:
        return None
    return "passed" if report.when == "call" else "", "", ""
