"""The page of the API: read by anybody, searched, and tried by who may."""

import json
import re

from playwright.sync_api import Page, expect

from functions.local.tools.openapi import DOCUMENT
from tests.browser.conftest import Visit
from tests.browser.visits import Visitor

COMMITTED = json.loads(DOCUMENT.read_text(encoding="utf-8"))
PREDICT = "/models/{model}/predict"


def open_docs(visitor: Visitor) -> Page:
    """What `/docs` leads to, for somebody who has not signed in."""
    visitor.page.goto(f"{visitor.api}/docs")
    visitor.page.locator(".operation").first.wait_for()
    return visitor.page


def unfold(page: Page, method: str, path: str) -> None:
    page.get_by_label("Search").fill(path)
    heading = re.compile(rf"^{method}\s*{re.escape(path)}\s")
    page.locator(".operation > summary").filter(has_text=heading).click()


def test_anybody_reads_every_operation_and_nothing_comes_from_elsewhere(visit: Visit) -> None:
    page = open_docs(visit())
    operations = [operation for item in COMMITTED["paths"].values() for operation in item.values()]
    expect(page.locator(".operation")).to_have_count(len(operations))
    for tag in COMMITTED["tags"]:
        expect(page.get_by_role("heading", level=2, name=tag["name"])).to_be_visible()
    page.evaluate("document.querySelectorAll('.operation').forEach((one) => { one.open = true; })")
    # Each is drawn, whatever its schemas are.
    expect(page.locator(".operation .inside")).to_have_count(len(operations))


def test_a_search_leaves_what_has_all_of_its_words(visit: Visit) -> None:
    page = open_docs(visit())
    page.get_by_label("Search").fill("v2 health")
    expect(page.locator(".operation")).to_have_count(2)
    page.get_by_label("Search").fill("no such thing")
    expect(page.get_by_text("Nothing here is about")).to_be_visible()


def test_who_is_not_signed_in_tries_what_is_open_and_signs_in_for_the_rest(visit: Visit) -> None:
    page = open_docs(visit())
    unfold(page, "GET", "/health/live")
    page.get_by_role("button", name="Send GET").click()
    expect(page.locator(".went-well")).to_have_text("200")
    unfold(page, "POST", PREDICT)
    page.get_by_role("link", name="Sign in to try it").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_user_sends_the_example_and_sees_the_answer(visit: Visit) -> None:
    page = visit("user").go("docs", heading="API docs")
    unfold(page, "POST", PREDICT)
    body = page.get_by_label("Body")
    assert json.loads(body.input_value())["pclass"] == 1
    page.get_by_role("button", name="Send POST").click()
    expect(page.locator(".went-well")).to_have_text("200")
    expect(page.get_by_label("The answer")).to_contain_text('"probability"')
    body.fill('{"pclass": 9}')
    page.get_by_role("button", name="Send POST").click()
    expect(page.locator(".went-wrong")).to_have_text("422")
    expect(page.get_by_label("The answer")).to_contain_text('"INVALID_INPUT"')
    # Not with the key, which is nobody else's to see.
    page.get_by_text("The same with curl").click()
    expect(page.get_by_text("curl -X POST")).to_contain_text("x-api-key: …")
