"""What somebody typed: it outlives a visit to another page, and is asked about before it is lost."""

from playwright.sync_api import Dialog, Page, expect

from tests.browser.conftest import Visit
from tests.browser.test_data import a_file, new_model_form, table_of_customers
from tests.browser.visits import Visitor, make_key, sign_in_with_key

_DESCRIPTION = "how long they have been with us"


def typed_form(administrator: Visitor) -> Page:
    """The form of a new model, in which somebody has typed."""
    page = new_model_form(administrator)
    page.get_by_label("Description of months").fill(_DESCRIPTION)
    page.get_by_label("paperless is").select_option("ignore")
    page.get_by_label("Name of the model").fill("shop")
    return page


def expect_typed(page: Page) -> None:
    expect(page.get_by_label("Description of months")).to_have_value(_DESCRIPTION)
    expect(page.get_by_label("paperless is")).to_have_value("ignore")
    expect(page.get_by_label("Name of the model")).to_have_value("shop")
    expect(page.get_by_label("Column to predict")).to_have_value("left")


def test_the_form_of_a_new_model_outlives_other_pages_and_the_back_button(visit: Visit) -> None:
    administrator = visit("administrator")
    page = typed_form(administrator)
    administrator.go("models", heading="Models")
    page.go_back()
    expect_typed(page)
    page.go_back()
    page.get_by_role("heading", level=1, name="Data of titanic").wait_for()
    page.go_forward()
    expect_typed(page)


def test_another_column_to_predict_loses_nothing_of_the_others(visit: Visit) -> None:
    page = typed_form(visit("administrator"))
    page.get_by_label("Column to predict").select_option("paperless")
    expect(page.get_by_label("left is")).to_be_visible()
    expect(page.get_by_label("Description of months")).to_have_value(_DESCRIPTION)
    expect(page.get_by_label("Name of the model")).to_have_value("shop")


def test_it_is_thrown_away_only_after_a_question(visit: Visit) -> None:
    page = typed_form(visit("administrator"))
    page.get_by_role("button", name="Throw this away").click()
    dialog = page.get_by_role("dialog", name="Lose what you typed?")
    dialog.get_by_role("button", name="Go on with it").click()
    expect_typed(page)
    page.get_by_role("button", name="Throw this away").click()
    dialog.get_by_role("button", name="Throw it away").click()
    expect(page.get_by_label("Name of the model")).to_have_count(0)
    expect(page.get_by_label("Drop a CSV file here")).to_be_visible()


def test_another_file_takes_its_place_only_after_a_question(visit: Visit) -> None:
    page = typed_form(visit("administrator"))
    other = a_file("other.csv", table_of_customers())
    page.get_by_label("Drop a CSV file here").set_input_files([other])
    page.keyboard.press("Escape")
    expect_typed(page)
    page.get_by_label("Drop a CSV file here").set_input_files([other])
    page.get_by_role("button", name="Take the other file").click()
    page.get_by_label("Column to predict").select_option("left")
    expect(page.get_by_label("Name of the model")).to_have_value("other")
    expect(page.get_by_label("Description of months")).to_have_value("")


def test_the_browser_asks_before_a_tab_goes_with_it(visit: Visit) -> None:
    administrator = visit("administrator")
    page = typed_form(administrator)
    administrator.seen.expected = ["dialog: "]
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)

    page.on("dialog", stay)
    page.close(run_before_unload=True)
    page.wait_for_timeout(500)
    assert asked == ["beforeunload"]
    expect_typed(page)


def test_who_signs_out_is_asked_and_who_comes_next_sees_nothing_of_it(visit: Visit) -> None:
    administrator = visit()
    sign_in_with_key(administrator.page, administrator.stack, "administrator")
    page = typed_form(administrator)
    page.get_by_role("button", name="Sign out").click()
    dialog = page.get_by_role("dialog", name="Sign out, and lose what is not sent?")
    expect(dialog).to_contain_text("A new model from the file webshop.csv")
    dialog.get_by_role("button", name="Stay").click()
    expect_typed(page)
    page.get_by_role("button", name="Sign out").click()
    dialog.get_by_role("button", name="Sign out").click()
    # In the same tab, which is not loaded anew.
    page.get_by_label("key", exact=False).fill(make_key(administrator.stack, "administrator"))
    page.get_by_role("button", name="Use this key").click()
    page.get_by_role("navigation", name="Pages").wait_for()
    administrator.go("data", "new", heading="A new model from a file")
    expect(page.get_by_label("Name of the model")).to_have_count(0)


def test_a_row_that_is_half_typed_and_what_was_asked_outlive_another_page(visit: Visit) -> None:
    administrator = visit("administrator")
    page = administrator.page
    page.get_by_role("button", name="Fill in the example").click()
    page.get_by_role("button", name="Predict", exact=True).click()
    page.locator(".verdict").wait_for()
    page.get_by_role("textbox", name="age").fill("47")
    administrator.go("models", heading="Models")
    page.go_back()
    expect(page.get_by_role("textbox", name="age")).to_have_value("47")
    expect(page.locator(".recent").get_by_role("listitem")).not_to_have_count(0)
