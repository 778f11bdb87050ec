"""A plugin of pytest: no test but the first is begun once the time is over; those left out are counted.

    python -m pytest -p tests.check.time_limit --stop-after 20 ...

The time is the run's, imports and collection included. A test that has begun ends by itself.
"""

import time
from collections import Counter

import pytest

_BEGAN = time.monotonic()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--stop-after", type=float, help="begin no test after so many seconds")


def pytest_configure(config: pytest.Config) -> None:
    seconds = config.getoption("--stop-after")
    if seconds is not None:
        config.pluginmanager.register(_TimeLimit(seconds))


class _TimeLimit:
    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._has_begun = False
        self._left_out: Counter[str] = Counter()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        if not self._has_begun or time.monotonic() - _BEGAN < self._seconds:
            self._has_begun = True
            return None
        self._left_out[item.location[0]] += 1
        return True

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self._left_out:
            return
        terminalreporter.write_line(
            f"NOT RUN, because {self._seconds:.0f} seconds were over: {self._left_out.total()} tests "
            "(`make test` runs all, `make test ARGS=FILE` one)"
        )
        for file, count in self._left_out.items():
            terminalreporter.write_line(f"  {count:4} of {file}")
