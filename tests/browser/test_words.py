"""The words of the pages: none that only whoever builds Lifeboat, or a statistician, would know."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.test_models import Versions, row_of

# What programs and docs call things: on a page they have plain names, explained where they are needed.
_JARGON = re.compile(
    r"\b(champions?|challengers?|floors?|nats?|base rate|non-inferior\w*|the gate|gateway)\b", re.I
)
_PAGES = ("predict", "label", "data", "models", "monitoring", "keys")


def test_no_page_uses_a_word_that_its_reader_would_have_to_look_up(visit: Visit, versions: Versions) -> None:
    administrator = visit("administrator")
    places: list[tuple[str, ...]] = [(name,) for name in _PAGES]
    places += [
        ("models", versions[0]["version"]),
        ("models", "compare", *(one["version"] for one in versions[:2])),
    ]
    said = {}
    for place in places:
        page = administrator.go(*place)
        administrator.settle()
        # What is folded away is told to whoever asks: terms and figures have their own words there.
        text = page.locator("main").inner_text()
        said["/".join(place)] = sorted({match[0] for match in _JARGON.finditer(text)})
    assert {place: words for place, words in said.items() if words} == {}


def test_a_version_that_is_kept_out_says_why_in_the_list(visit: Visit, versions: Versions) -> None:
    """And no more than that it is, until somebody asks: a sentence is long beside a figure."""
    administrator = visit("administrator")
    page = administrator.go("models", heading="Models")
    for one in versions:
        decision = one["summary"]["decision"]
        if one["in_service"] or one["abandoned"] or decision["promote"]:
            continue
        why = row_of(page, one["version"]).locator("details")
        expect(why).to_contain_text("kept out of service")
        why.locator("summary").click()
        expect(why).to_contain_text(decision["reason"][1:40])
