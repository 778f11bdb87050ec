"""How soon the first page is there. Printed. How much is sent for all of them, tests/pages holds."""

import os

import pytest

from tests.browser.conftest import Visit

_FIRST_HEADING = """
new MutationObserver((_, watcher) => {
    if (!document.querySelector("h1")) return;
    watcher.disconnect();
    requestAnimationFrame(() => { window.shown = performance.now(); });
}).observe(document, { childList: true, subtree: true });
"""
_MOST_MS = 1000.0
_MOST_FILES = 17
_TRIES = 5
# Processes that run or wait, for each core: the test by itself keeps about one and a half.
_BUSY = 3.0


def test_the_first_page_is_shown_in_under_a_second(visit: Visit) -> None:
    """By a warm function, to a browser that has nothing of it, and once more to one that has."""
    visit()
    visitor = visit()
    # Nothing of what was fetched before is kept.
    session = visitor.context.new_cdp_session(visitor.page)
    visitor.page.add_init_script(_FIRST_HEADING)
    session.send("Network.enable")

    def shown() -> float:
        visitor.page.goto(visitor.api + "/")
        visitor.page.wait_for_function("() => window.shown")
        return float(visitor.page.evaluate("window.shown"))

    # The quickest of some: what else a machine does at the moment makes a page slower, and none quicker.
    took: dict[str, list[float]] = {"nothing of it": [], "all of it": []}
    for _ in range(_TRIES):
        session.send("Network.clearBrowserCache")
        took["nothing of it"].append(shown())
        took["all of it"].append(shown())
    sent = visitor.page.evaluate("performance.getEntriesByType('resource').length")
    # The page itself, its icon and the rest: nothing of what comes after a sign-in.
    assert sent <= _MOST_FILES
    print(
        f"\nThe first page, in {_TRIES} tries: {min(took['nothing of it']):.0f} to "
        f"{max(took['nothing of it']):.0f} ms with nothing kept, {min(took['all of it']):.0f} to "
        f"{max(took['all of it']):.0f} ms after; {sent} files"
    )
    slowest = max(min(tries) for tries in took.values())
    waiting = os.getloadavg()[0] / (os.cpu_count() or 1)
    if slowest >= _MOST_MS and waiting > _BUSY:
        pytest.skip(f"{slowest:.0f} ms says nothing where {waiting:.1f} processes wait for each core")
    assert slowest < _MOST_MS
