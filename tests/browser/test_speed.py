"""How soon the first page is there, and what is sent for it. Printed."""

import gzip
from pathlib import Path

from tests.browser.conftest import Visit

STATIC = Path(__file__).parents[2] / "functions" / "pages" / "static"
_FIRST_HEADING = """
new MutationObserver((_, watcher) => {
    if (!document.querySelector("h1")) return;
    watcher.disconnect();
    requestAnimationFrame(() => { window.shown = performance.now(); });
}).observe(document, { childList: true, subtree: true });
"""
_MOST_MS = 1000.0


def test_the_first_page_is_shown_in_under_a_second(visit: Visit) -> None:
    """By a warm function, to a browser that has nothing of it, and once more to one that has."""
    visit()
    visitor = visit()
    # Nothing of what was fetched before is kept.
    session = visitor.context.new_cdp_session(visitor.page)
    visitor.page.add_init_script(_FIRST_HEADING)
    took = {}
    for name in ("nothing of it", "all of it"):
        session.send("Network.enable")
        if name == "nothing of it":
            session.send("Network.clearBrowserCache")
        visitor.page.goto(visitor.api + "/")
        visitor.page.wait_for_function("() => window.shown")
        took[name] = visitor.page.evaluate("window.shown")
    sent = visitor.page.evaluate("performance.getEntriesByType('resource').length")
    print(
        f"\nThe first page: {took['nothing of it']:.0f} ms with nothing kept, "
        f"{took['all of it']:.0f} ms after; {sent} files"
    )
    assert max(took.values()) < _MOST_MS


def test_scripts_and_styles_are_small(visit: Visit) -> None:
    """As they are sent. The limit is held by tests/pages, too; here the sizes are printed."""
    sizes = {
        path.relative_to(STATIC): len(gzip.compress(path.read_bytes(), mtime=0))
        for path in STATIC.rglob("*")
        if path.suffix in (".js", ".css")
    }
    vendored = sum(size for path, size in sizes.items() if path.parts[0] == "vendor")
    print(
        f"\nScripts and styles: {sum(sizes.values()):,} bytes compressed, {vendored:,} of them libraries; "
        "at most 150,000"
    )
    assert sum(sizes.values()) < 150_000
