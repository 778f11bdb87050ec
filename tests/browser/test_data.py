"""Data: a model made from another table, another dataset for one, and what of a file could not be used."""

import base64
import csv
import io
import random
import re
import time
from typing import Any

from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.browser.conftest import Visit
from tests.browser.visits import SECONDS, Visitor
from tests.conftest import TITANIC
from tests.support.file_names import NAMED

# From the upload to the version, on a machine that has more to do.
TRAINING_MS = 180_000
CUSTOMERS = 800
BUSY = {
    "error": "the store could not be reached",
    "code": "STORE_UNAVAILABLE",
    "detail": [],
    "request_id": "r",
}
OUTCOME = "training failed|put into service|trained, and not|the same as before|could not be used"


def table_of_customers() -> str:
    """Another table: who pays by the month leaves sooner, and who has just come. The same each time."""
    draw = random.Random(7)  # noqa: S311 - made-up customers
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["customer", "plan", "months", "charges", "paperless", "calls", "left"])
    for number in range(CUSTOMERS):
        plan = draw.choice(["monthly", "yearly", "two years"])
        months = draw.randint(1, 72)
        risk = 0.05 + 0.55 * (plan == "monthly") + 0.3 * (months < 12)
        calls = draw.choice(["", "0", "0", "1", "2", "5"])
        row = [
            f"C-{number:05}",
            plan,
            months,
            round(draw.uniform(18, 120), 2),
            draw.choice(["yes", "no"]),
            calls,
        ]
        table.writerow([*row, "yes" if draw.random() < risk else "no"])
    return text.getvalue()


def a_file(name: str, text: str) -> FilePayload:
    return {"name": name, "mimeType": "text/csv", "buffer": text.encode()}


def test_a_model_is_named_by_its_file_as_the_command_line_names_it(visit: Visit) -> None:
    page = visit("administrator").page
    made = page.evaluate(
        """async (files) => {
            const app = [...document.scripts].find((script) => script.src.endsWith("/app.js")).src;
            const { modelName } = await import(app.replace(/app\\.js$/, "packing.js"));
            return files.flatMap((file) => [modelName(file), modelName(file.normalize("NFD"))]);
        }""",
        [*NAMED],
    )
    assert made == [name for name in NAMED.values() for _ in range(2)]


def choose_file(page: Page, name: str, text: str) -> None:
    """Choose a file, as by the button beside where it can be dropped."""
    page.get_by_label("Drop a CSV file here").set_input_files([a_file(name, text)])


def new_model_form(administrator: Visitor, name: str = "webshop.csv") -> Page:
    """The form of a new model, in which `left` is to be predicted from the table of customers."""
    page = administrator.go("data", heading="Data of titanic")
    page.get_by_role("link", name="Make a new model from a file").click()
    page.get_by_role("heading", level=1, name="A new model from a file").wait_for()
    choose_file(page, name, table_of_customers())
    # Two columns have two values: which is meant is asked.
    expect(page.get_by_text("Which column is to be predicted?")).to_be_visible()
    page.get_by_label("Column to predict").select_option("left")
    expect(page.get_by_label("Value that counts as yes")).to_have_value("yes")
    return page


def test_a_file_of_few_rows_is_told_before_anybody_trains_by_it(visit: Visit) -> None:
    page = visit("administrator").go("data", "new", heading="A new model from a file")
    choose_file(page, "few.csv", "\n".join(table_of_customers().splitlines()[:101]))
    page.get_by_label("Column to predict").select_option("left")
    expect(page.get_by_text("So few rows will hardly make a model: about 250 are needed")).to_be_visible()
    choose_file(page, "enough.csv", table_of_customers())
    page.get_by_label("Column to predict").select_option("left")
    expect(page.get_by_text("So few rows")).to_have_count(0)


def came_of_it(page: Page) -> Locator:
    """What came of a training, once it has ended."""
    notice = page.locator(".notice").filter(has_text=re.compile(OUTCOME))
    notice.wait_for(timeout=TRAINING_MS)
    return notice


def test_an_administrator_makes_a_model_from_another_table_and_it_answers(visit: Visit) -> None:
    administrator = visit("administrator")
    page = new_model_form(administrator)
    # What each column was taken for, with the reason for one that is not used.
    kinds = {
        name: page.get_by_label(f"{name} is", exact=True).input_value()
        for name in ("customer", "plan", "months", "charges", "paperless", "calls")
    }
    assert kinds == {
        "customer": "ignore",
        "plan": "string",
        "months": "integer",
        "charges": "number",
        "paperless": "boolean",
        "calls": "integer",
    }
    expect(page.get_by_role("group", name="customer")).to_contain_text("another text in every row")
    # What is changed: one column fewer, another one that need not be given, words for the form.
    page.get_by_label("paperless is").select_option("ignore")
    page.get_by_role("checkbox", name="charges required").uncheck()
    page.get_by_label("Description of months").fill("how long they have been with us")
    expect(page.get_by_label("Name of the model")).to_have_value("webshop")
    # That the server is busy once is no fault of whoever waits, and nothing that they could mend.
    page.route("**/uploads?limit=20", lambda route: route.fulfill(status=503, json=BUSY), times=1)
    page.get_by_role("button", name="Keep this and train").click()
    expect(page.get_by_text("A model is being trained")).to_be_visible()
    expect(page.get_by_text("It is asked again every few seconds; there is nothing to do")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(came_of_it(page)).to_contain_text("put into service")
    schema = administrator.ask("GET", "/models/webshop/schema").json()
    assert {"customer", "paperless"} <= set(schema["ignored"])

    page.get_by_role("link", name="Predict with webshop").click()
    page.get_by_role("heading", level=1, name="Predict").wait_for()
    expect(page.get_by_label("months")).to_be_visible()
    expect(page.get_by_text("how long they have been with us")).to_be_visible()
    expect(page.get_by_label("paperless")).to_have_count(0)
    assert page.get_by_label("charges").get_attribute("required") is None
    assert page.get_by_label("months").get_attribute("required") is not None
    page.get_by_label("plan").select_option("monthly")
    page.get_by_label("months").fill("2")
    page.get_by_role("button", name="Predict", exact=True).click()
    expect(page.locator(".verdict")).to_have_text("left: yes", ignore_case=True)
    page.get_by_label("plan").select_option("two years")
    page.get_by_label("months").fill("60")
    page.get_by_role("button", name="Predict", exact=True).click()
    expect(page.locator(".verdict")).to_have_text("left: no", ignore_case=True)
    # The other model is as it was, and both can be chosen.
    options = page.get_by_role("combobox", name="Model").locator("option").all_inner_texts()
    assert sorted(options) == ["titanic", "webshop"]
    administrator.go("models", heading="Models")
    options = page.get_by_role("combobox", name="Model").locator("option").all_inner_texts()
    assert sorted(options) == ["titanic", "webshop"]
    page.get_by_role("combobox", name="Model").select_option("webshop")

    # What cannot be done yet, or judged, is not offered or claimed.
    page.get_by_role("heading", name="Versions of webshop").wait_for()
    versions = page.get_by_role("region", name="Versions")
    expect(versions).to_contain_text("No version before it is there to go back to")
    expect(versions.get_by_role("button", name="Roll back")).to_have_count(0)
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Monitoring").click()
    look = page.get_by_role("button", name="Look now")
    until = time.monotonic() + SECONDS
    said = page.locator(".notice.mixed").filter(has_text="2 predictions are too few to tell")
    while not said.is_visible():
        # What was predicted just now is in the log after it was shipped, one after the other perhaps.
        look.click()
        page.wait_for_timeout(500)
        assert time.monotonic() < until
    expect(said).to_contain_text("No alarm")
    expect(said).to_contain_text("no outcome was told")
    expect(page.get_by_text("Nothing is wrong")).to_have_count(0)


def test_a_name_that_a_model_cannot_have_is_refused_and_nothing_is_lost(visit: Visit) -> None:
    page = new_model_form(visit("administrator"))
    page.get_by_label("Description of months").fill("typed before")
    name = page.get_by_label("Name of the model")
    name.fill("Not A Name")
    page.get_by_role("button", name="Keep this and train").click()
    # The browser keeps it from being sent, and says so at the field.
    expect(name).to_be_focused()
    assert not name.evaluate("field => field.checkValidity()")
    expect(page.get_by_label("Description of months")).to_have_value("typed before")


def test_a_file_without_an_outcome_is_refused_in_the_words_of_the_server(visit: Visit) -> None:
    page = visit("administrator").go("data", "new", heading="A new model from a file")
    with page.expect_response("**/schema/inference*") as answered:
        choose_file(page, "words.csv", "a,b\n" + "".join(f"{n},{n * n}\n" for n in range(50)))
    body = answered.value.json()
    assert answered.value.status == 422 or body["question"], body
    # What stands between backticks is set off in the page.
    expect(page.locator("main")).to_contain_text((body.get("error") or body["question"]).replace("`", ""))
    # Nor in those of a command line, which is not where this person is.
    expect(page.locator("main")).not_to_contain_text("TARGET=")


def test_a_file_whose_outcome_has_one_value_or_three_says_which_and_what_is_needed(visit: Visit) -> None:
    page = visit("administrator").go("data", "new", heading="A new model from a file")
    for kinds, told in ((["no"], "species has only one: no"), (["a", "b", "c"], "species has 3: a, b, c")):
        rows = "".join(f"{n},{kinds[n % len(kinds)]}\n" for n in range(60))
        choose_file(page, "iris.csv", f"width,species\n{rows}")
        expect(page.get_by_role("alert")).to_contain_text(told)
        expect(page.get_by_role("alert")).to_contain_text("A column is needed that says")


def test_a_file_of_a_german_name_makes_a_model_of_one(visit: Visit) -> None:
    """It was called praxis-m-rz."""
    page = visit("administrator").go("data", "new", heading="A new model from a file")
    choose_file(page, "Praxis Stra\u00dfe M\u00e4rz.csv", table_of_customers())
    page.get_by_label("Column to predict").select_option("left")
    expect(page.get_by_label("Name of the model")).to_have_value("praxis-strasse-marz")


def test_a_table_that_came_another_way_is_said_to_have_come_so(visit: Visit) -> None:
    """It said "by not by these pages", and in the list of uploads nothing."""
    administrator = visit("administrator")
    datasets = administrator.ask("GET", "/models/titanic/datasets").json()["datasets"]
    shipped = next(one for one in datasets if not one["facts"]["uploaded_by"] and not one["facts"]["lineage"])
    page = administrator.go("data", shipped["id"])
    expect(page.get_by_text("not by these pages")).to_have_text("not by these pages")
    page = administrator.go("data", heading="Data of titanic")
    uploads = page.get_by_role("region", name="Uploads")
    expect(uploads.get_by_role("row").filter(has_text="not by these pages").first).to_be_visible()


def table_with_bad_rows() -> str:
    """The shipped table, but of its passengers the third one's class and the fourth one's age are wrong."""
    rows = list(csv.reader(io.StringIO(TITANIC.read_text())))
    rows[3][rows[0].index("pclass")] = "9"
    rows[4][rows[0].index("age")] = "old"
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def test_an_administrator_uploads_another_dataset_and_sees_what_was_left_out(
    visit: Visit,
) -> None:
    administrator = visit("administrator")
    page = administrator.go("data", heading="Data of titanic")
    choose_file(page, "passengers.csv", table_with_bad_rows())
    came = came_of_it(page)
    # By its own name, not that of what the page made of it on the way.
    expect(came).to_contain_text("passengers.csv: ")
    version = came.get_by_role("link", name=re.compile("Look at version")).inner_text().split()[-1]
    # Which rows were left out, and why: in the list of uploads, and on the dataset's own page.
    fate = page.get_by_role("region", name="Uploads").get_by_role("row").filter(has_text="passengers.csv")
    expect(fate).to_contain_text(version)
    expect(fate.get_by_role("cell", name="administrator", exact=True)).to_be_visible()
    fate.locator("summary", has_text="Rows that were left out").click()
    expect(fate).to_contain_text("pclass")
    expect(fate).to_contain_text("age")
    datasets = page.get_by_role("region", name="Datasets")
    datasets.get_by_role("link", name="passengers.csv").click()
    page.get_by_role("heading", level=1, name=re.compile("passengers.csv")).wait_for()
    expect(page.locator("dl.figures")).to_contain_text("1,307")
    expect(page.locator("dl.figures")).to_contain_text("administrator")
    refused = page.locator("section", has=page.get_by_role("heading", name="What could not be used"))
    expect(refused).to_contain_text("pclass")
    # Of a column with few values there is a bar for each, and none for what never occurs.
    classes = page.locator("figure").filter(has=page.get_by_text("pclass", exact=True)).first
    classes.get_by_text("The numbers").click()
    assert len(rows := classes.locator("tbody td.figure").all_inner_texts()) == 3, rows
    assert "0" not in rows
    expect(page.get_by_role("link", name=version)).to_be_visible()


def test_a_training_is_followed_after_a_reload(visit: Visit) -> None:
    """Its line said "in training" for good."""
    page = visit("administrator").go("data", heading="Data of titanic")
    choose_file(page, "followed.csv", TITANIC.read_text() + ",,,,,,,,,,,,,\n")
    expect(page.get_by_text("A model is being trained")).to_be_visible()
    page.reload()
    fate = page.get_by_role("region", name="Uploads").get_by_role("row").filter(has_text="followed.csv")
    expect(fate).to_be_visible()
    expect(fate).to_contain_text(re.compile(OUTCOME), timeout=TRAINING_MS)


def test_a_file_of_a_name_that_is_taken_takes_its_place_only_when_told_to(visit: Visit) -> None:
    administrator = visit("administrator")
    page = administrator.go("data", heading="Data of titanic")

    def newest() -> Any:
        return administrator.ask("GET", "/models/titanic/uploads?limit=1").json()["uploads"][0]

    choose_file(page, "twice.csv", TITANIC.read_text())
    came_of_it(page)
    first = newest()
    choose_file(page, "twice.csv", TITANIC.read_text().replace("Allen", "Alan"))
    other = page.get_by_role("alert").filter(
        has_text="another file, with other contents, of the name twice.csv"
    )
    other.get_by_role("button", name="Leave it").click()
    expect(other).to_have_count(0)
    assert newest() == first
    # Whose connection broke before the answer sends it again: it is followed, and not sent twice.
    choose_file(page, "twice.csv", TITANIC.read_text())
    same = page.get_by_role("status").filter(has_text="the very same file")
    expect(same).to_contain_text("was not sent a second time")
    expect(came_of_it(page)).to_contain_text("twice.csv")
    assert newest() == first
    same.get_by_role("button", name="Train on it once more").click()
    expect(same).to_have_count(0)
    # The same bytes make the same version.
    expect(came_of_it(page)).to_contain_text("the same as before")
    assert newest()["uploaded_at"] > first["uploaded_at"]


def test_a_file_that_cannot_be_used_says_why(visit: Visit) -> None:
    page = visit("administrator").go("data", heading="Data of titanic")
    choose_file(page, "other.csv", table_of_customers())
    came = came_of_it(page)
    expect(came).to_contain_text("could not be used")
    expect(came).to_contain_text("survived")


def test_a_file_that_is_too_large_for_one_request_is_sent_in_parts(visit: Visit) -> None:
    administrator = visit("administrator")
    page = administrator.go("data", heading="Data of titanic")
    # A column that the model passes over, and gzip can do little about.
    draw = random.Random(11)  # noqa: S311 - made-up words
    header, *lines = TITANIC.read_text().splitlines()
    words = [base64.b64encode(draw.randbytes(3_600)).decode() for _ in lines]
    text = "\n".join([f"{header},scan", *(f"{line},{word}" for line, word in zip(lines, words, strict=True))])
    sent: list[str] = []
    page.on("request", lambda one: sent.append(f"{one.method} {one.url}") if "scans.csv" in one.url else None)
    slow = administrator.context.new_cdp_session(page)
    slow.send("Network.enable")
    slow.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 2_000_000},
    )
    choose_file(page, "scans.csv", text)
    expect(page.get_by_text(re.compile(r"Sending, \d+\.\d %"))).to_be_visible()
    expect(came_of_it(page)).to_contain_text("scans.csv")
    parts = [one for one in sent if one.startswith("PUT") and "/parts/" in one]
    assert len(set(parts)) == 2, sent
    assert [one for one in sent if one.startswith("POST")] == [
        parts[0].replace("PUT", "POST").partition("/parts/")[0]
    ]
