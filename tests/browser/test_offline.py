"""A lost connection is told, and nothing typed is lost."""

from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.visits import sign_in_with_key
from tests.stories.local_stack import Stack

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


def test_a_page_whose_script_could_not_be_fetched_is_tried_again(visit: Visit, stack: Stack) -> None:
    visitor = visit()
    visitor.context.route("**/views/keys.js", lambda route: route.abort())
    sign_in_with_key(visitor.page, stack, "administrator")
    page = visitor.go("keys", heading="Keys")
    notice = page.get_by_role("alert").filter(has_text=LOST)
    expect(notice).to_be_visible()
    visitor.context.unroute("**/views/keys.js")
    notice.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("region", name="All keys")).to_be_visible()


def test_a_script_of_another_state_of_the_pages_is_refused_in_words(visit: Visit, stack: Stack) -> None:
    """What becomes of a page that was open while another version was deployed."""
    visitor = visit()
    gone = f"{stack.api}/assets/{'0' * 16}/views/keys.js"
    visitor.context.route("**/views/keys.js", lambda route: route.continue_(url=gone))
    sign_in_with_key(visitor.page, stack, "administrator")
    page = visitor.go("keys", heading="Keys")
    expect(page.get_by_role("alert")).to_contain_text("reload the page")


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
