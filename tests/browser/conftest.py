"""What `make test-pages` needs, made once: Chromium, npm's tools, the API with two versions of a model."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from functions.core.storage.opening import open_store
from functions.local.state import BUILD
from functions.local.vendor import PAGES
from tests.browser.find import find_chromium, find_npm
from tests.browser.visits import SECONDS, Visitor, open_page
from tests.conftest import MODEL, TITANIC
from tests.sam.machine import Unavailable
from tests.stories.local_stack import Stack, local_stack

# The exit code of a run that tested nothing, because this machine lacks what it takes. `make` turns it
# into its own 2, so the reason is also left in a file, where .ci/run finds it.
CANNOT_RUN = 77
REASON = BUILD / "test-pages-cannot-run"
_TRAINING_SECONDS = 180
# What a browser does beside showing pages, and a machine without a screen lacks.
_QUIETLY = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

Visit = Callable[..., Visitor]


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_known_to_be_missing() -> None:
    REASON.unlink(missing_ok=True)


@contextmanager
def _or_cannot_run(session: pytest.Session) -> Iterator[None]:
    try:
        yield
    except Unavailable as reason:
        BUILD.mkdir(exist_ok=True)
        REASON.write_text(f"{reason}\n")
        # What has failed so far has failed, whatever is missing for the others.
        pytest.exit(f"Cannot run here: {reason}", 1 if session.testsfailed else CANNOT_RUN)


@pytest.fixture(scope="session")
def modules(request: pytest.FixtureRequest) -> Path:
    """npm's folder with the libraries of the pages and the tools that check them, as the lock says."""
    with _or_cannot_run(request.session):
        npm = find_npm()
    installed, lock = PAGES / "node_modules" / ".package-lock.json", PAGES / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        command: list[str | Path] = [npm, "--prefix", PAGES, "ci", "--ignore-scripts", "--silent"]
        subprocess.run(command, check=True, timeout=_TRAINING_SECONDS)
    return PAGES / "node_modules"


@pytest.fixture(scope="session")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    with _or_cannot_run(request.session):
        chromium = find_chromium()
    expect.set_options(timeout=SECONDS * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_QUIETLY, timeout=SECONDS * 1000)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """`make run`, with a champion of the shipped table in service; another version is being trained."""
    folder = tmp_path_factory.mktemp("pages")
    with pytest.MonkeyPatch.context() as patch:
        # Nobody wants to wait half a minute until predict sees what was promoted.
        patch.setenv("LIFEBOAT_REFRESH_SECONDS", "1")
        with local_stack(folder / "store", folder) as stack:
            header, *rows = TITANIC.read_bytes().splitlines(keepends=True)
            store = open_store(str(folder / "store"))
            store.put(f"datasets/{MODEL}/later.csv", b"".join([header, *rows[100:]]))
            yield stack


@pytest.fixture(scope="session")
def versions(stack: Stack) -> list[dict[str, Any]]:
    """The two versions that there are, the newer one first."""

    def listed() -> list[dict[str, Any]]:
        answer = httpx.get(
            f"{stack.api}/models/{MODEL}/versions", headers=stack.headers, timeout=SECONDS, trust_env=False
        )
        found: list[dict[str, Any]] = answer.raise_for_status().json()["versions"]
        return found

    until = time.monotonic() + _TRAINING_SECONDS
    while len(found := listed()) < 2:
        assert time.monotonic() < until, f"a second version was not published: {found}"
        time.sleep(0.5)
    return found


@pytest.fixture
def visit(browser: Browser, stack: Stack) -> Iterator[Visit]:
    """Opens the pages as somebody: `visit("user")`, with what a context of the browser takes. At the end of
    the test it looks at what the browser saw: no other origin, no error, no breach of the policy."""
    visitors: list[Visitor] = []

    def visit(role: str | None = None, **context: Any) -> Visitor:
        context = {"viewport": {"width": 1280, "height": 900}, **context}
        visitor = open_page(browser.new_context(**context), stack, role)
        visitors.append(visitor)
        return visitor

    yield visit
    for visitor in visitors:
        injected = visitor.injected()
        visitor.context.close()
        assert injected == []
        assert visitor.seen.unexpected() == []


@pytest.fixture(scope="session")
def pictures() -> Path:
    """The folder of the screenshots."""
    folder = BUILD / "pages"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
