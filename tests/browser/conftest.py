"""What `make test-pages` needs, made once: Chromium, npm's tools, the API with two versions of a model."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from functions.local.process.child import ROOT
from functions.local.process.state import BUILD
from functions.local.story.voyages import same_ship
from functions.local.tools.vendor import PAGES
from tests.browser.asking import ask_about, get
from tests.browser.find import find_chromium, find_npm
from tests.browser.visits import SECONDS, Visitor, open_page
from tests.conftest import MODEL, TITANIC
from tests.stories.local_stack import Stack, local_stack
from tests.support.cannot_run import or_cannot_run

TARGET = "test-pages"
_INSTALL_SECONDS = 180
_DEMO_SECONDS = 300
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
# They are about what the demo left: before other tests promote, upload and type what is none of it.
_FIRST = ["test_monitoring.py", "test_pictures.py", "test_looks.py"]

# Requests of all visits, to the own origin and to others.
_requests: Counter[str] = Counter()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _requests:
        said = f"Of {_requests.total():,} requests of the pages, {_requests['other']} left their origin"
        terminalreporter.write_line(said)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _FIRST.index(item.path.name) if item.path.name in _FIRST else len(_FIRST))


@pytest.fixture(scope="session")
def modules(request: pytest.FixtureRequest) -> Path:
    """npm's folder with the libraries of the pages and the tools that check them, as the lock says."""
    with or_cannot_run(TARGET, request.session):
        npm = find_npm()
    installed, lock = PAGES / "node_modules" / ".package-lock.json", PAGES / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        command: list[str | Path] = [npm, "--prefix", PAGES, "ci", "--ignore-scripts", "--silent"]
        subprocess.run(command, check=True, timeout=_INSTALL_SECONDS)
    return PAGES / "node_modules"


@pytest.fixture(scope="session")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    with or_cannot_run(TARGET, request.session):
        chromium = find_chromium()
    expect.set_options(timeout=SECONDS * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_QUIETLY, timeout=SECONDS * 1000)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """`make run`, over what `make demo-drift` left: two versions, predictions, outcomes, drift, reports."""
    folder = tmp_path_factory.mktemp("pages")
    store = folder / "store"
    with pytest.MonkeyPatch.context() as patch:
        # Nobody wants to wait half a minute until predict sees what was promoted.
        patch.setenv("LIFEBOAT_REFRESH_SECONDS", "1")
        tell_of_drift(store, folder / "demo-drift.log")
        with local_stack(store, folder) as stack:
            yield stack


def tell_of_drift(store: Path, log: Path) -> None:
    """`make demo-drift` in `store`."""
    command = [sys.executable, "-m", "functions.local", "demo-drift", "--port", "0", "--store-port", "0"]
    environment = {**os.environ, "LIFEBOAT_STORE": str(store)}
    with log.open("w") as output:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=output,
            timeout=_DEMO_SECONDS,
            check=False,
        )
    assert done.returncode == 0, log.read_text()


@pytest.fixture(scope="session")
def versions(stack: Stack) -> list[dict[str, Any]]:
    """The two versions that the demo made, the newer one first."""
    found: list[dict[str, Any]] = get(stack, f"/models/{MODEL}/versions")["versions"]
    assert len(found) == 2
    return found


@pytest.fixture(scope="session")
def asked(stack: Stack) -> list[str]:
    """The ids of predictions that wait to be labelled, in the log."""
    return ask_about(stack, [one.passenger for one in same_ship(TITANIC, 150, seed=5)])


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
        for origin, count in visitor.seen.origins.items():
            _requests["own" if origin == visitor.seen.origin else "other"] += count
        assert injected == []
        assert visitor.seen.unexpected() == []


@pytest.fixture(scope="session")
def pictures() -> Path:
    """The folder of the screenshots."""
    folder = BUILD / "pages"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
