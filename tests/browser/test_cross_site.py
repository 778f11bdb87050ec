"""What people type is shown as text, whatever it says: in names of files and columns, notes and reasons."""

import csv
import io
import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.test_models import Versions, give_reason, row_of
from tests.browser.test_tables import downloaded, drop

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    '"><script>alert(2)</script>',
    "'><svg onload=alert(3)>",
]
hostile = pytest.mark.parametrize("text", HOSTILE)
# `visit` looks at the end whether any of it ran, or became an element.


@hostile
def test_the_note_of_a_key(visit: Visit, text: str) -> None:
    page = visit("administrator").go("keys", heading="Keys")
    page.get_by_label("Who uses it, and what for").fill(text)
    page.get_by_role("button", name="Make the key").click()
    expect(page.get_by_role("cell", name=text, exact=True).first).to_be_visible()


@hostile
def test_what_is_typed_for_the_name_of_a_model(visit: Visit, text: str) -> None:
    page = visit("administrator").go("keys", heading="Keys")
    page.get_by_label("Who uses it, and what for").fill("x")
    page.get_by_label("Only for these models").fill(text)
    page.get_by_role("button", name="Make the key").click()
    expect(page.get_by_label("Only for these models")).to_have_attribute("aria-invalid", "true")


@hostile
def test_the_reason_of_a_promotion(visit: Visit, versions: Versions, text: str) -> None:
    administrator = visit("administrator")
    page = administrator.go("models", heading="Models")
    in_service = administrator.ask("GET", "/models/titanic/champion").json()["version"]
    other = next(one["version"] for one in versions if one["version"] != in_service)
    row_of(page, other).get_by_role("button", name="Promote").click()
    give_reason(page, "Promote", text)
    history = page.locator("section", has=page.get_by_role("heading", name="History"))
    expect(history.get_by_text(text).first).to_be_visible()


@hostile
def test_the_note_of_a_round(visit: Visit, text: str) -> None:
    page = visit("administrator").go("label", heading="Label")
    page.get_by_label("What for").fill(text)
    with page.expect_response(lambda one: one.request.method == "POST") as answered:
        page.get_by_role("button", name=re.compile("^Draw")).click()
    assert answered.value.status in (200, 201), answered.value.text()
    expect(page.get_by_role("link", name=text, exact=True)).to_be_visible()


@hostile
def test_the_names_of_a_file_and_its_columns_and_what_is_in_them(visit: Visit, text: str) -> None:
    line = io.StringIO()
    csv.writer(line).writerows(
        [["pclass", text, "sex", "age"], ["1", text, "female", "29"], [text, "b", "male", text]]
    )
    page = visit("user").page
    drop(page, f"{text.replace('/', '')}.csv", line.getvalue())
    expect(page.get_by_text("1 row was scored, 1 was not")).to_be_visible()
    expect(page.get_by_text("No part of the model, and kept in the result")).to_contain_text(text)
    expect(
        page.get_by_role("region", name="Scored rows").get_by_role("cell", name=text).first
    ).to_be_visible()
    assert [row[text] for row in downloaded(page)] == [f"'{text}" if text[0] in "=+-@" else text, "b"]


@hostile
def test_a_value_in_the_form_and_the_address(visit: Visit, text: str) -> None:
    user = visit("user")
    page = user.page
    page.get_by_role("button", name="Fill in the example").click()
    page.get_by_role("textbox", name="age").fill(text)
    page.get_by_role("textbox", name="name").fill(text)
    page.get_by_role("button", name="Predict", exact=True).click()
    expect(page.get_by_role("textbox", name="age")).to_have_attribute("aria-invalid", "true")
    page.get_by_role("textbox", name="age").fill("29")
    page.get_by_role("button", name="Predict", exact=True).click()
    expect(page.get_by_role("cell").last).to_be_visible()
    page.evaluate(
        "text => { location.hash = '#/' + encodeURIComponent(text) + '/' + encodeURIComponent(text); }", text
    )
    expect(page.get_by_role("alert").first).to_be_visible()


@hostile
def test_the_callers_reference(visit: Visit, text: str) -> None:
    annotator = visit("annotator")
    row = {"pclass": 1, "sex": "female", "age": 29, "reference": text}
    answer = annotator.ask("POST", "/predict", json=row)
    if answer.status_code == 422:
        pytest.skip(f"rows take no reference yet: {answer.json()['detail']}")
    annotator.ask("POST", "/models/titanic/feedback/rounds", json={"size": 50})
    annotator.go("label", heading="Label")
    annotator.settle()
