"""What `make test-fresh` needs, made once: a Debian with hardly anything in it, and a clone."""

from collections.abc import Iterator

import pytest

from tests.fresh.debian import Debian, clone, make_debian, mounted
from tests.support.cannot_run import or_cannot_run
from tests.support.machine import scratch

TARGET = "test-fresh"


@pytest.fixture(scope="session")
def debian(request: pytest.FixtureRequest) -> Iterator[Debian]:
    with scratch() as folder:
        # The user's way to its home leads through it.
        folder.chmod(0o755)
        with or_cannot_run(TARGET, request.session):
            debian = make_debian(folder)
        with mounted(debian):
            clone(debian)
            yield debian
