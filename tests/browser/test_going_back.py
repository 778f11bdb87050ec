"""The address, the back button, a reload: the page that is shown is that of the address."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit


@pytest.mark.parametrize(("role", "page_name"), [("annotator", "label"), ("administrator", "monitoring")])
def test_a_reload_shows_the_same_page_again(visit: Visit, role: str, page_name: str) -> None:
    """It went through the sign-in, and came back to the first page under the address of this one."""
    visitor = visit(role)
    page = visitor.go(page_name, heading=page_name.capitalize())
    page.reload()
    page.get_by_role("navigation", name="Pages").wait_for()
    expect(page.get_by_role("heading", level=1)).to_contain_text(page_name.capitalize())
    current = page.get_by_role("navigation", name="Pages").locator("[aria-current=page]")
    expect(current).to_have_text(page_name.capitalize())
    assert page.url.endswith(f"#/titanic/{page_name}")


def test_an_address_of_a_model_that_is_not_there_says_where_the_others_are(visit: Visit) -> None:
    page = visit("user").page
    page.evaluate("location.hash = '#/nosuch/predict'")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Choose one at the top of this page")
    expect(alert).not_to_contain_text("GET /")


def test_the_back_button_leads_to_the_page_before(visit: Visit) -> None:
    page = visit("administrator").go("models", heading="Models")
    page.get_by_role("region", name="Versions").get_by_role("link").first.click()
    page.get_by_role("heading", level=1, name="Version").wait_for()
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Models")


def test_a_name_of_a_model_that_is_long_leaves_the_header_in_two_lines(visit: Visit) -> None:
    """On a telephone, "Sign out" had a line of its own."""
    page = visit("user", viewport={"width": 390, "height": 844}).page
    choice = page.get_by_role("combobox", name="Model").locator("option").first
    choice.evaluate("option => { option.textContent = 'a-model-with-a-rather-long-name-indeed'; }")
    top = page.get_by_role("link", name="Lifeboat").bounding_box()
    out = page.get_by_role("button", name="Sign out").bounding_box()
    assert top
    assert out
    assert abs((top["y"] + top["height"] / 2) - (out["y"] + out["height"] / 2)) < 10
