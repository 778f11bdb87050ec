"""Everything by keyboard alone: in what order, and where one is afterwards."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.test_models import Versions

_FOCUSED = "document.activeElement?.id || document.activeElement?.textContent?.trim() || ''"


def tab_to(page: Page, wanted: str, most: int = 80) -> None:
    """Press Tab until what is called, or has the id, `wanted` has the focus."""
    passed: list[str] = []
    for _ in range(most):
        page.keyboard.press("Tab")
        passed.append(page.evaluate(_FOCUSED))
        if passed[-1] == wanted:
            return
    raise AssertionError(f"{wanted} is not reached, but {passed}")


def test_the_first_stop_leads_past_the_menu(visit: Visit) -> None:
    page = visit("administrator").page
    page.locator("#field-sex").wait_for()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="To the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")
    # The address of the page is not that of the content.
    assert page.evaluate("location.hash") in ("", "#/", "#/titanic/predict")


def test_the_stops_of_the_form_come_in_the_order_of_its_fields(visit: Visit) -> None:
    page = visit("user").page
    fields = page.locator("form .fields").locator("input, select")
    fields.first.wait_for()
    ids = [field.get_attribute("id") for field in fields.all()]
    fields.first.focus()
    for id_ in ids[1:]:
        page.keyboard.press("Tab")
        assert page.evaluate(_FOCUSED) == id_


def test_a_person_signs_in_and_predicts_without_a_mouse(visit: Visit) -> None:
    page = visit("user").page
    page.locator("#field-sex").wait_for()
    tab_to(page, "field-sex")
    page.keyboard.type("f")
    tab_to(page, "field-age")
    page.keyboard.type("29")
    page.keyboard.press("Enter")
    # A form is sent by Enter; what is missing is told, and typed.
    page.locator(".verdict, .fault").first.wait_for()
    if page.locator(".fault").count():
        page.keyboard.press("Shift+Tab")
        page.locator("#field-pclass").focus()
        page.keyboard.type("1")
        tab_to(page, "Predict")
        page.keyboard.press("Space")
    page.locator(".verdict").wait_for()
    # The answer is where one is now.
    expect(page.get_by_role("heading", name="Answer")).to_be_focused()


def test_a_dialog_takes_the_focus_keeps_it_and_gives_it_back(visit: Visit, versions: Versions) -> None:
    page = visit("administrator").go("models", heading="Models")
    opener = page.get_by_role("button", name="Roll back")
    for leave in ("Escape", "Cancel"):
        opener.focus()
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog")
        expect(dialog).to_have_accessible_name("Go back to the version before?")
        for _ in range(6):
            assert page.evaluate(
                "document.querySelector('dialog').contains(document.activeElement)"
                " || document.activeElement === document.body"
            )
            page.keyboard.press("Tab")
        if leave == "Escape":
            page.keyboard.press("Escape")
        else:
            dialog.get_by_role("button", name="Cancel").focus()
            page.keyboard.press("Enter")
        expect(dialog).to_have_count(0)
        expect(opener).to_be_focused()


def test_every_page_is_reached_and_a_list_is_scrolled(visit: Visit, versions: Versions) -> None:
    administrator = visit("administrator")
    page = administrator.page
    page.locator("#field-sex").wait_for()
    tab_to(page, "Models")
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name="Models").wait_for()
    administrator.settle()
    regions = page.get_by_role("region", name="Versions")
    for _ in range(60):
        page.keyboard.press("Tab")
        if regions.evaluate("element => element === document.activeElement"):
            break
    expect(regions).to_be_focused()
