"""A lost connection is told, and nothing typed is lost."""

from playwright.sync_api import expect

from tests.browser.conftest import Visit

LOST = "The server could not be reached"


def test_a_form_outlives_a_lost_connection(visit: Visit) -> None:
    user = visit("user")
    page = user.page
    page.get_by_role("button", name="Fill in the example").click()
    page.get_by_role("textbox", name="age").fill("41")
    user.context.set_offline(True)
    page.get_by_role("button", name="Predict", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text=LOST)).to_be_visible()
    expect(page.get_by_role("textbox", name="age")).to_have_value("41")
    user.context.set_offline(False)
    page.get_by_role("button", name="Predict", exact=True).click()
    expect(page.locator(".verdict")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_page_that_could_not_be_loaded_is_tried_again(visit: Visit) -> None:
    administrator = visit("administrator")
    administrator.settle()
    administrator.context.set_offline(True)
    page = administrator.go("keys", heading="Keys")
    notice = page.get_by_role("alert").filter(has_text=LOST)
    expect(notice).to_be_visible()
    administrator.context.set_offline(False)
    notice.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("region", name="All keys")).to_be_visible()


def test_a_reason_outlives_a_lost_connection(visit: Visit) -> None:
    administrator = visit("administrator")
    page = administrator.go("models", heading="Models")
    page.get_by_role("button", name="Roll back").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("typed before")
    administrator.context.set_offline(True)
    dialog.get_by_role("button", name="Roll back").click()
    expect(dialog.get_by_role("alert")).to_contain_text(LOST)
    expect(dialog.get_by_label("Reason")).to_have_value("typed before")
    administrator.context.set_offline(False)
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
