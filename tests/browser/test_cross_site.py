"""What people type is shown as text, whatever it says: in names of files and columns, notes and reasons."""

import csv
import io
import re

from playwright.sync_api import expect

from tests.browser.asking import ask_about
from tests.browser.conftest import Visit
from tests.browser.test_models import Versions, give_reason, row_of
from tests.browser.test_tables import downloaded, drop
from tests.stories.local_stack import Stack

# Leaves an attribute in either kind of quotes, and is short enough for the note of a key.
HOSTILE = """"'><img src=x onerror=alert(1)><script>alert(2)</script>"""
# `visit` looks at the end whether any of it ran, or became an element.


def test_the_note_of_a_key(visit: Visit) -> None:
    page = visit("administrator").go("keys", heading="Keys")
    page.get_by_label("Who uses it, and what for").fill(HOSTILE)
    page.get_by_role("button", name="Make the key").click()
    expect(page.get_by_role("cell", name=HOSTILE, exact=True).first).to_be_visible()


def test_what_is_typed_for_the_name_of_a_model(visit: Visit) -> None:
    page = visit("administrator").go("keys", heading="Keys")
    page.get_by_label("Who uses it, and what for").fill("x")
    page.get_by_label("Only for these models").fill(HOSTILE)
    page.get_by_role("button", name="Make the key").click()
    expect(page.get_by_label("Only for these models")).to_have_attribute("aria-invalid", "true")


def test_the_reason_of_a_promotion(visit: Visit, versions: Versions) -> None:
    administrator = visit("administrator")
    page = administrator.go("models", heading="Models")
    in_service = administrator.ask("GET", "/models/titanic/champion").json()["version"]
    other = next(one["version"] for one in versions if one["version"] != in_service)
    row_of(page, other).get_by_role("button", name="Promote").click()
    give_reason(page, "Promote", HOSTILE)
    history = page.locator("section", has=page.get_by_role("heading", name="History"))
    expect(history.get_by_text(HOSTILE).first).to_be_visible()


def test_the_note_of_a_round(visit: Visit) -> None:
    page = visit("administrator").go("label", heading="Label")
    page.get_by_label("What for").fill(HOSTILE)
    with page.expect_response(lambda one: one.request.method == "POST") as answered:
        page.get_by_role("button", name=re.compile("^Draw")).click()
    assert answered.value.status in (200, 201), answered.value.text()
    expect(page.get_by_role("link", name=HOSTILE, exact=True)).to_be_visible()


def test_the_names_of_a_file_and_its_columns_and_what_is_in_them(visit: Visit) -> None:
    line = io.StringIO()
    csv.writer(line).writerows(
        [["pclass", HOSTILE, "sex", "age"], ["1", HOSTILE, "female", "29"], [HOSTILE, "b", "male", HOSTILE]]
    )
    page = visit("user").page
    drop(page, f"{HOSTILE.replace('/', '')}.csv", line.getvalue())
    expect(page.get_by_text("1 row was scored, 1 was not")).to_be_visible()
    expect(page.get_by_text("No part of the model, and kept in the result")).to_contain_text(HOSTILE)
    expect(
        page.get_by_role("region", name="Scored rows").get_by_role("cell", name=HOSTILE).first
    ).to_be_visible()
    assert [row[HOSTILE] for row in downloaded(page)] == [HOSTILE, "b"]


def test_a_value_in_the_form_and_the_address(visit: Visit) -> None:
    user = visit("user")
    page = user.page
    page.get_by_role("button", name="Fill in the example").click()
    page.get_by_role("textbox", name="age").fill(HOSTILE)
    page.get_by_role("textbox", name="name").fill(HOSTILE)
    page.get_by_role("button", name="Predict", exact=True).click()
    expect(page.get_by_role("textbox", name="age")).to_have_attribute("aria-invalid", "true")
    page.get_by_role("textbox", name="age").fill("29")
    page.get_by_role("button", name="Predict", exact=True).click()
    expect(page.get_by_role("cell").last).to_be_visible()
    page.evaluate(
        "text => { location.hash = '#/' + encodeURIComponent(text) + '/' + encodeURIComponent(text); }",
        HOSTILE,
    )
    expect(page.get_by_role("alert").first).to_be_visible()


def test_the_callers_reference(visit: Visit, stack: Stack) -> None:
    page = visit("administrator").page
    page.get_by_role("button", name="Fill in the example").click()
    page.get_by_role("textbox", name="Your reference").fill(HOSTILE)
    page.get_by_role("button", name="Predict", exact=True).click()
    expect(page.get_by_text(f"About {HOSTILE}", exact=True)).to_be_visible()
    # From the log, too, where it came without a page.
    row = {"pclass": 1, "sex": "female", "age": 29, "reference": HOSTILE}
    (id_,) = ask_about(stack, [row])
    page.get_by_label("Look up a prediction by its id").fill(id_)
    page.get_by_role("button", name="Look up").click()
    expect(page.get_by_role("definition").filter(has_text=HOSTILE).first).to_be_visible()


def test_the_words_of_a_refused_sign_in_that_was_not_begun_here(visit: Visit) -> None:
    """Whoever made a link could have the page say anything, as if the provider had said it."""
    nobody = visit()
    nobody.page.goto(f"{nobody.api}/?error=access_denied&error_description=Call+0900+1234")
    alert = nobody.page.get_by_role("alert")
    expect(alert).to_contain_text("was not begun in this tab")
    expect(alert).not_to_contain_text("0900")
    nobody.page.reload()
    expect(nobody.page.get_by_role("alert")).to_have_count(0)
