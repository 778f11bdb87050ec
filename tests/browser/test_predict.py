"""Predict: a person asks the model, sees why, and says what happened."""

import itertools
import json
import re
import time
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Page, Response, Route, expect

from functions.core.storage.folder import FolderStore
from tests.browser.conftest import Visit
from tests.browser.visits import SECONDS
from tests.conftest import TITANIC
from tests.stories.local_stack import Stack


def say_no(page: Page) -> Response:
    """Say that the passenger did not survive. Returns what the API answers."""
    with page.expect_response("**/feedback") as told:
        page.get_by_role("button", name="survived: no").first.click()
    return told.value


def test_a_person_predicts_sees_why_and_says_what_happened(visit: Visit) -> None:
    page = visit("annotator").page
    page.get_by_label("sex").select_option("female")
    page.get_by_label("pclass").select_option("1")
    page.get_by_role("textbox", name="age").fill("29")
    page.get_by_role("textbox", name="fare").fill("110.8833")
    page.get_by_role("button", name="Predict", exact=True).click()
    until = time.monotonic() + SECONDS
    answer = page.locator("section", has=page.get_by_role("heading", name="Answer"))
    expect(answer.locator(".verdict")).to_have_text("survived: yes", ignore_case=True)
    meter = answer.get_by_role("meter")
    assert 0.5 < float(meter.get_attribute("aria-valuenow") or 0) <= 1
    contributions = answer.get_by_role("table")
    expect(contributions.get_by_role("rowheader").filter(has_text="sex")).to_have_text("sex female")
    # A value stands as it was sent, with all of its digits.
    expect(contributions.get_by_role("rowheader").filter(has_text="fare")).to_have_text("fare 110.8833")
    expect(contributions.get_by_role("cell").last).to_have_text(re.compile(r"^[+\u2212]\d+\.\d$"))
    expect(answer).to_contain_text(re.compile(r"Said by version [0-9a-f]{16} of titanic"))
    # An outcome is taken once its prediction is in the log, and refused in words before.
    while (told := say_no(page)).status == 404:
        expect(answer.get_by_role("alert")).to_contain_text(told.json()["error"])
        page.wait_for_timeout(500)
        assert time.monotonic() < until
    assert told.ok, told.text()
    expect(answer.get_by_role("status").last).to_contain_text("Noted: survived: no")


def test_a_file_that_is_scored_on_the_server_is_watched_to_its_end(visit: Visit, stack: Stack) -> None:
    user = visit("user")
    until = time.monotonic() + 4 * SECONDS
    jobs = user.page.locator(
        "section", has=user.page.get_by_role("heading", name="Files scored on the server")
    )
    expect(jobs).to_contain_text("scoring/titanic/in/")
    given_up = user.ask("POST", "/scoring", json={"file": "may.csv"}).json()["job"]
    with TITANIC.open("rb") as table:
        body = b"".join(itertools.islice(table, 401))
    store = FolderStore(str(stack.store))
    store.put("scoring/titanic/in/april.csv", body)
    user.page.reload()
    jobs.get_by_role("button", name="Cancel may.csv").click()
    expect(jobs.get_by_role("listitem").filter(has_text="may.csv")).to_contain_text("cancelled")
    assert user.ask("GET", f"/scoring/{given_up}").json()["state"] == "cancelled"
    april = jobs.get_by_role("listitem").filter(has_text="april.csv")
    while not april.get_by_text("The result lies in the store").is_visible():
        # Until the store has told of the file, it is not in the list.
        user.page.wait_for_timeout(500)
        jobs.get_by_role("button", name="Look for files").click()
        assert time.monotonic() < until
    expect(april).to_contain_text("400 rows")
    key = str(april.inner_text()).partition("in the store at ")[2].partition(".csv")[0] + ".csv"
    assert store.get(key).body.count(b"\n") == 401


def test_only_what_must_be_given_is_marked(visit: Visit) -> None:
    user = visit("user")
    page = user.page
    page.get_by_label("sex").wait_for()
    record = user.ask("GET", "/models/titanic").json()
    features = {one["name"]: one["required"] for one in record["features"]}
    for name, required in features.items():
        assert (page.locator(f"#field-{name}").get_attribute("required") is not None) == required, name
    expect(page.get_by_text("required", exact=True)).to_have_count(sum(features.values()))


@pytest.mark.parametrize(
    ("role", "told"),
    [("user", "An administrator can say when"), ("administrator", "the page Models says why")],
)
def test_a_model_without_a_version_in_service_says_so_without_sending_anybody_where_they_may_not_go(
    visit: Visit, role: str, told: str
) -> None:
    """It sent everybody to the page Data to upload a table, whose version may just have been kept out."""
    visitor = visit(role)

    def without_champion(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | {"champion": None, "target": None})

    visitor.page.route("**/models/titanic", without_champion)
    page = visitor.go("label" if role == "administrator" else "docs")
    page = visitor.go("predict", heading="Predict")
    expect(page.locator("main")).to_contain_text("No version of titanic is in service yet")
    expect(page.locator("main")).to_contain_text(told)
    page.unroute("**/models/titanic")


def test_an_error_stands_beside_its_field_in_the_words_of_the_server(visit: Visit) -> None:
    page = visit("user").page
    page.get_by_role("button", name="Fill in the example").click()
    age = page.get_by_role("textbox", name="age")
    age.fill("old")
    with page.expect_response("**/predict?*") as answered:
        page.get_by_role("button", name="Predict", exact=True).click()
    (fault,) = answered.value.json()["detail"]
    assert fault["loc"][-1] == "age"
    expect(age).to_have_attribute("aria-invalid", "true")
    expect(age).to_have_accessible_description(re.compile(re.escape(fault["msg"])))
    expect(page.locator(".field", has=age)).to_contain_text(fault["msg"])
    notice = page.get_by_role("alert")
    expect(notice).to_contain_text("Some values do not fit; see the fields marked.")
    expect(notice).not_to_contain_text("detail")


def test_a_number_that_could_be_two_is_asked_back_and_not_guessed(visit: Visit) -> None:
    """1,000 pounds were scored as one pound."""
    page = visit("user").page
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if "/predict?" in request.url else None)
    page.get_by_role("button", name="Fill in the example").click()
    fare = page.get_by_role("textbox", name="fare")
    fare.fill("1,000")
    page.get_by_role("button", name="Predict", exact=True).click()
    expect(fare).to_have_accessible_description(re.compile(r"could be 1000 or 1\.000"))
    expect(fare).to_be_focused()
    assert sent == []
    for text, number in (("26,5", 26.5), ("0,125", 0.125), ("1000", 1000)):
        fare.fill(text)
        with page.expect_request("**/predict?*") as asked:
            page.get_by_role("button", name="Predict", exact=True).click()
        assert json.loads(asked.value.post_data or "")["fare"] == number
    expect(fare).not_to_have_attribute("aria-invalid", "true")


def test_a_value_that_was_taken_from_another_says_from_which(visit: Visit) -> None:
    page = visit("user").page
    page.get_by_role("button", name="Fill in the example").click()
    page.get_by_role("combobox", name="title").select_option("")
    page.get_by_role("button", name="Predict", exact=True).click()
    heads = page.locator(".contributions").get_by_role("rowheader")
    expect(heads.filter(has_text="title")).to_have_text("title from name")
    expect(heads.filter(has_text="parch")).to_have_text("parch not known")


def test_who_may_not_label_is_told_what_to_do_with_a_wrong_answer_and_a_labeller_can_do_it(
    visit: Visit,
) -> None:
    page = visit("user").page
    page.get_by_role("button", name="Fill in the example").click()
    with page.expect_response("**/predict?*") as answered:
        page.get_by_role("button", name="Predict", exact=True).click()
    expect(page.get_by_text("tell somebody who labels here")).to_be_visible()
    prediction = answered.value.json()["prediction_id"]
    other = visit("annotator").page
    other.get_by_label("Look up a prediction by its id").fill(prediction)
    look = other.get_by_role("button", name="Look up")
    said = other.locator("section", has=other.get_by_role("heading", name="Recent predictions"))
    until = time.monotonic() + SECONDS
    while not said.get_by_role("button", name="survived: no").is_visible():
        # What is in the log is there after it was shipped.
        look.click()
        other.wait_for_timeout(500)
        assert time.monotonic() < until
    said.get_by_role("button", name="survived: no").click()
    expect(said.get_by_role("status")).to_contain_text("Noted: survived: no")


def test_times_say_their_zone(visit: Visit, versions: list[dict[str, Any]]) -> None:
    page = visit("administrator", timezone_id="Asia/Kolkata").go("models", heading="Models")
    row = (
        page.get_by_role("region", name="Versions").get_by_role("row").filter(has_text=versions[0]["version"])
    )
    expect(row).to_contain_text(re.compile(r"\d{4}, \d\d:\d\d\sGMT\+5:30"))


def test_a_name_in_a_hint_is_set_off_and_its_backticks_are_not_shown(visit: Visit) -> None:
    form = visit("user").page.get_by_role("form", name="The row to predict")
    hint = form.locator(".hint").filter(has_text="Derived from name when it is not given")
    expect(hint.locator("code")).to_have_text("name")
    expect(form).not_to_contain_text("`")


def test_a_reference_is_kept_with_the_prediction(visit: Visit) -> None:
    page = visit("user").page
    page.get_by_role("button", name="Fill in the example").click()
    page.get_by_role("textbox", name="Your reference").fill("case 4711")
    with page.expect_response("**/predict?*") as answered:
        page.get_by_role("button", name="Predict", exact=True).click()
    assert answered.value.json()["reference"] == "case 4711"
    expect(page.get_by_text("About case 4711")).to_be_visible()


def test_the_column_of_the_references_is_chosen(visit: Visit) -> None:
    page = visit("user").page
    page.get_by_role("checkbox", name="Choose the column with your references").check()
    text = "cabin number,pclass,sex,age\nB-20,1,female,29\nC-7,3,male,40\n"
    table: FilePayload = {"name": "cabins.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.get_by_label("Drop a CSV file here").set_input_files([table])
    page.get_by_label("Column of cabins").select_option("cabin number")
    with page.expect_response("**/predict/batch*") as answered:
        page.get_by_role("button", name="Predict 2 rows").click()
    assert [one["reference"] for one in answered.value.json()["predictions"]] == ["B-20", "C-7"]
    expect(page.get_by_text("Your references are in the column cabin number")).to_be_visible()
    scored = page.get_by_role("region", name="Scored rows")
    assert scored.locator("tbody td:nth-child(2)").all_inner_texts() == ["B-20", "C-7"]


def test_a_prediction_is_listed_looked_up_and_replayed(visit: Visit) -> None:
    page = visit("administrator").page
    page.get_by_role("button", name="Fill in the example").click()
    with page.expect_response("**/predict?*") as answered:
        page.get_by_role("button", name="Predict", exact=True).click()
    answer = answered.value.json()
    recent = page.locator("section", has=page.get_by_role("heading", name="Recent predictions"))
    expect(recent.get_by_role("listitem")).to_have_count(1)
    recent.get_by_label("Look up a prediction by its id").fill(answer["prediction_id"])
    # What is in the log is found after it was shipped.
    found = page.get_by_role("heading", name="As it was answered")
    for _ in range(60):
        with page.expect_response(f"**/predictions/{answer['prediction_id']}") as looked:
            recent.get_by_role("button", name="Look up").click()
        if looked.value.ok:
            break
        page.wait_for_timeout(500)
    expect(found).to_be_visible()
    recent.get_by_role("button", name="Compute it again").click()
    expect(page.get_by_role("heading", name="Computed again, by the version that gave it")).to_be_visible()
    expect(recent).to_contain_text(answer["model"]["version"])
