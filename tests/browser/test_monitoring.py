"""Monitoring: what `make demo-drift` left, and the next window, at which an administrator looks."""

import re

from playwright.sync_api import Locator, Page, expect

from functions.local.story.drift import PASSENGERS
from functions.local.story.voyages import other_ship
from tests.browser.asking import ask_about
from tests.browser.conftest import Visit
from tests.browser.test_models import Versions
from tests.conftest import TITANIC
from tests.stories.local_stack import Stack


def part_of(page: Page, heading: str) -> Locator:
    """A part of the page, by its heading."""
    return page.locator("section", has=page.get_by_role("heading", level=2, name=heading))


def test_drift_is_seen_after_the_stream_of_the_demo(visit: Visit) -> None:
    administrator = visit("administrator")
    page = administrator.go("monitoring", heading="Monitoring")
    expect(page.locator(".alarm").first).to_contain_text("What is asked")
    expect(page.locator(".alarm").first).to_contain_text("age")
    administrator.settle()
    drift = part_of(page, "How far what is asked is from what it learned")
    expect(drift.get_by_role("heading", level=3, name=re.compile("^age: PSI .*, different$"))).to_be_visible()
    # Each value then and now, and window by window, with the line; and the same numbers behind each picture.
    for title in ("age: share of rows, then and now", "age: PSI, window by window"):
        chart = drift.locator("figure.chart", has_text=title)
        expect(chart.locator("canvas")).to_be_visible()
        chart.get_by_text("The numbers").click()
        expect(chart.get_by_role("cell").first).to_be_visible()
    windows = drift.locator("figure.chart", has_text="age: PSI, window by window").locator("tbody tr")
    figures = [float(text) for text in windows.locator("td:nth-child(2)").all_inner_texts()]
    lines = {float(text) for text in windows.locator("td:nth-child(3)").all_inner_texts()}
    # The same ship, then the other one: below the line, and above it since.
    assert len(figures) >= 4
    assert len(lines) == 1
    (line,) = lines
    assert figures[0] < line < min(figures[1:])


def test_quality_traffic_and_what_followed_are_shown_after_the_demo(visit: Visit, versions: Versions) -> None:
    administrator = visit("administrator")
    page = administrator.go("monitoring", heading="Monitoring")
    administrator.settle()
    expect(part_of(page, "What is asked, hour by hour").locator("canvas").first).to_be_visible()
    quality = part_of(page, "How good it is in service")
    chart = quality.locator("figure.chart", has_text="log loss in service, beside the holdout's")
    expect(chart.locator("canvas")).to_be_visible()
    expect(quality).to_contain_text("From 320 outcomes")
    training = part_of(page, "Trainings").get_by_role("row").filter(has_text="drift")
    expect(training).to_contain_text("960")
    expect(training).to_contain_text(versions[0]["version"])
    expect(training).to_contain_text("good enough")


def test_an_administrator_looks_now_and_the_drift_is_confirmed(visit: Visit, stack: Stack) -> None:
    page = visit("administrator").go("monitoring", heading="Monitoring")
    look = page.get_by_role("button", name="Look now")
    for seed in (11, 12):
        # What others asked before is behind the first look.
        look.click()
        expect(look).to_be_enabled()
        ask_about(stack, [one.passenger for one in other_ship(TITANIC, PASSENGERS, seed=seed)])
    look.click()
    expect(page.get_by_role("status").filter(has_text="The monitor has looked")).to_be_visible()
    alarm = page.locator(".alarm").filter(has_text="What is asked has changed")
    expect(alarm).to_contain_text("age")
    expect(page.locator("main")).to_contain_text("confirmed")
