"""The pictures of the pages in docs/pages: `make pictures` takes them anew, a run of the tests elsewhere."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.asking import get
from tests.browser.conftest import Visit
from tests.browser.png import shrink
from tests.browser.test_data import new_model_form
from tests.browser.test_label import open_queue
from tests.browser.test_looks import predicted
from tests.browser.test_models import Versions
from tests.browser.visits import Visitor
from tests.stories.local_stack import ROOT, Stack

DOCS = ROOT / "docs" / "pages"
# As wide as a text beside it: what a page has below is told by its text.
_DESK, _TELEPHONE = {"width": 1280, "height": 1000}, {"width": 390, "height": 844}
_MOST_BYTES = 500_000


def _predict(visitor: Visitor, _versions: Versions) -> None:
    predicted(visitor.page)


def _label(visitor: Visitor, _versions: Versions) -> None:
    open_queue(visitor)


def _compare(visitor: Visitor, versions: Versions) -> None:
    visitor.go("models", "compare", *(one["version"] for one in versions[:2]), heading="Two versions")


def _watch(visitor: Visitor, _versions: Versions) -> None:
    visitor.go("monitoring", heading="Monitoring")


def _roll_back(visitor: Visitor, _versions: Versions) -> None:
    page = visitor.go("models", heading="Models")
    page.get_by_role("button", name="Roll back").click()
    page.get_by_role("dialog").wait_for()


def _begin_model(visitor: Visitor, _versions: Versions) -> None:
    new_model_form(visitor)


# What each shows: to whom, on what screen, and how one gets there.
PICTURES: dict[str, tuple[str, dict[str, int], Callable[[Visitor, Versions], None]]] = {
    "predict": ("user", _DESK, _predict),
    "predict-on-a-telephone": ("user", _TELEPHONE, _predict),
    "label": ("annotator", _DESK, _label),
    "comparison": ("administrator", _DESK, _compare),
    "monitoring": ("administrator", _DESK, _watch),
    "roll-back": ("administrator", _DESK, _roll_back),
    "new-model": ("administrator", _DESK, _begin_model),
}


def _settled(visitor: Visitor) -> Page:
    page = visitor.settle()
    page.wait_for_function(
        "() => [...document.querySelectorAll('.plot')]"
        ".every((plot) => !plot.clientWidth || plot.querySelector('canvas'))"
    )
    return page


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_taken_and_is_small(
    visit: Visit, browser: Browser, versions: Versions, asked: list[str], pictures: Path, name: str
) -> None:
    assert asked
    role, screen, lead = PICTURES[name]
    visitor = visit(role, viewport=screen, color_scheme="light", reduced_motion="reduce")
    lead(visitor, versions)
    taken = _settled(visitor).screenshot()
    small = shrink(browser, taken)
    print(f"\n{name}: {len(taken):,} bytes, {len(small):,} in 256 colours")
    assert len(small) < len(taken)
    folder = DOCS if os.environ.get("PICTURES") else pictures
    (folder / f"{name}.png").write_bytes(small)


def test_the_pictures_that_are_kept_are_those_that_texts_show() -> None:
    texts = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    shown = {name for text in texts for name in re.findall(r"pages/([\w-]+)\.png", text.read_text())}
    assert shown == set(PICTURES) == {path.stem for path in DOCS.glob("*.png")}
    assert sum(path.stat().st_size for path in DOCS.glob("*.png")) < _MOST_BYTES


def test_what_the_pictures_show_is_the_shipped_model(stack: Stack) -> None:
    """They are of `make demo-drift`, before other tests make models and keys."""
    assert [one["name"] for one in get(stack, "/models")["models"]] == ["titanic"]
