"""Label: a queue of cards by keyboard, each key answered at once."""

import statistics
import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.visits import SECONDS, Visitor

CARD = "section[aria-label='The card to label']"
_MOST_MS = 100.0
# From each key to the next card on the screen: what changes is drawn in the frame that follows.
_MEASURE = """card => {
    window.answered = [];
    addEventListener("keydown", (event) => {
        const began = performance.now();
        const changed = new MutationObserver(() => {
            changed.disconnect();
            requestAnimationFrame(() => window.answered.push(performance.now() - began));
        });
        const all = { childList: true, subtree: true, characterData: true };
        changed.observe(document.querySelector(card), all);
    }, true);
}"""


def open_queue(visitor: Visitor) -> Page:
    page = visitor.go("label", heading="Label")
    page.locator(CARD).locator(".verdicts button").first.wait_for()
    visitor.settle()
    return page


def labels_of(visitor: Visitor) -> int:
    """How many labels somebody has given, as the page counts them."""
    sources = visitor.ask("GET", "/models/titanic/feedback/progress").json()["sources"]
    return int(sources.get(f"user:{visitor.role}", 0))


@pytest.mark.parametrize("role", ["annotator", "administrator"])
def test_20_rows_are_labelled_by_keyboard_in_under_a_minute(
    visit: Visit, asked: list[str], role: str
) -> None:
    visitor = visit(role)
    page = open_queue(visitor)
    before = labels_of(visitor)
    page.evaluate(_MEASURE, CARD)
    began = time.monotonic()
    for number in range(20):
        page.locator(CARD).locator(".verdicts button").first.wait_for()
        page.keyboard.press("y" if number % 3 else "n")
        page.wait_for_function("count => window.answered.length >= count", arg=number + 1)
    seconds = time.monotonic() - began
    lags = page.evaluate("window.answered")
    print(
        f"\n20 labels in {seconds:.1f} s; a key is answered in {statistics.median(lags):.0f} ms, "
        f"at most {max(lags):.0f} ms"
    )
    assert seconds < 60
    assert max(lags) < _MOST_MS
    # The last one could still be taken back: who leaves the page means it.
    visitor.go("predict", heading="Predict")
    until = time.monotonic() + SECONDS
    while (given := labels_of(visitor) - before) < 20:
        assert time.monotonic() < until, f"{given} of 20 labels were recorded"
        page.wait_for_timeout(200)
    assert given == 20


def test_the_last_label_is_taken_back(visit: Visit, asked: list[str]) -> None:
    page = open_queue(visit("annotator"))
    values = page.locator(CARD).locator("dl").first
    first = values.inner_text()
    page.keyboard.press("y")
    page.keyboard.press("u")
    expect(values).to_have_text(first, use_inner_text=True)


def test_no_key_labels_while_somebody_types(visit: Visit, asked: list[str]) -> None:
    page = open_queue(visit("administrator"))
    values = page.locator(CARD).locator("dl").first
    first = values.inner_text()
    box = page.get_by_role("textbox").first
    box.press_sequentially("yny")
    expect(box).to_have_value("yny")
    assert values.inner_text() == first
