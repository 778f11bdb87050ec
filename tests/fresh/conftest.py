"""What `make test-fresh` needs, made once: a Debian with hardly anything in it, and a clone."""

from collections.abc import Iterator

import pytest

from functions.local.state import BUILD
from tests.fresh.debian import Debian, clone, make_debian, mounted
from tests.sam.conftest import CANNOT_RUN
from tests.sam.machine import Unavailable, scratch

REASON = BUILD / "test-fresh-cannot-run"


@pytest.fixture(scope="session")
def debian() -> Iterator[Debian]:
    REASON.unlink(missing_ok=True)
    with scratch() as folder:
        folder.chmod(0o755)
        try:
            debian = make_debian(folder)
        except Unavailable as reason:
            BUILD.mkdir(exist_ok=True)
            REASON.write_text(f"{reason}\n")
            pytest.exit(f"Cannot run here: {reason}", CANNOT_RUN)
        with mounted(debian):
            clone(debian)
            yield debian
