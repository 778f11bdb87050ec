"""Monitoring: drift after other passengers came."""

from playwright.sync_api import expect

from functions.local.drift_story import PASSENGERS
from functions.local.voyages import other_ship
from tests.browser.conftest import Visit
from tests.browser.test_label import post, wait_for_log
from tests.conftest import TITANIC
from tests.stories.local_stack import Stack


def test_an_administrator_sees_drift_after_other_passengers_came(visit: Visit, stack: Stack) -> None:
    page = visit("administrator").go("monitoring", heading="Monitoring")
    look = page.get_by_role("button", name="Look now")
    for seed in (11, 12):
        # What others asked before is behind the first look.
        look.click()
        expect(look).to_be_enabled()
        body = {"rows": [one.passenger for one in other_ship(TITANIC, PASSENGERS, seed=seed)]}
        answer = post(stack, "/predict/batch", body)
        wait_for_log(stack, answer["predictions"][-1]["prediction_id"])
    look.click()
    expect(page.get_by_role("status").filter(has_text="The monitor has looked")).to_be_visible()
    expect(page.locator(".alarm", has_text="age").first).to_be_visible()
    expect(page.locator("main")).to_contain_text("confirmed")
    # A picture, with the same numbers behind it.
    chart = page.locator("figure.chart", has_text="age").first
    expect(chart.locator("canvas")).to_be_visible()
    chart.get_by_text("The numbers").click()
    expect(chart.get_by_role("cell").first).to_be_visible()
