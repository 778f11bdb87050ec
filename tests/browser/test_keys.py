"""Keys: made, shown once, and revoked."""

import time

import httpx
from playwright.sync_api import expect

from functions.local.issuer import PEOPLE
from tests.browser.conftest import Visit
from tests.browser.visits import SECONDS
from tests.stories.local_stack import Stack


def status_with(stack: Stack, key: str, wanted: int) -> int:
    """What /me answers to a key, asked until it is `wanted`: the authorizer reads keys again each second."""
    status = 0
    for _ in range(5 * SECONDS):
        headers = {"authorization": f"Bearer {key}"}
        status = httpx.get(f"{stack.api}/me", headers=headers, timeout=SECONDS, trust_env=False).status_code
        if status == wanted:
            break
        time.sleep(0.2)
    return status


def test_an_administrator_makes_and_revokes_a_key(visit: Visit, stack: Stack) -> None:
    administrator = visit("administrator")
    page = administrator.go("keys", heading="Keys")
    page.get_by_label("Who uses it, and what for").fill("the night shift")
    page.get_by_role("checkbox", name="Say what happened").check()
    page.get_by_role("button", name="Make the key").click()
    key = page.locator(".secret").inner_text()
    assert status_with(stack, key, 200) == 200
    row = page.get_by_role("row").filter(has_text="the night shift")
    expect(row).to_contain_text("predict, feedback")
    # Shown once: not in the list, not after the page was left.
    assert key not in administrator.ask("GET", "/keys").text
    administrator.go("predict", heading="Predict")
    administrator.go("keys", heading="Keys")
    expect(row).to_be_visible()
    assert key not in page.content()
    row.get_by_role("button", name="Revoke").click()
    row.get_by_role("button", name="Revoke for good").click()
    expect(row).to_contain_text("revoked")
    assert status_with(stack, key, 401) == 401


def test_a_second_key_does_not_take_the_place_of_one_that_was_not_copied(visit: Visit) -> None:
    page = visit("administrator").go("keys", heading="Keys")
    for note in ("the first of two", "the second of two"):
        page.get_by_label("Who uses it, and what for").fill(note)
        page.get_by_role("button", name="Make the key").click()
        expect(page.get_by_role("row").filter(has_text=note)).to_be_visible()
    secrets = page.locator(".secret")
    expect(secrets).to_have_count(2)
    kept = secrets.nth(1).inner_text()
    page.get_by_role("button", name="I have it").first.click()
    expect(secrets).to_have_text([kept])


def test_a_key_that_cannot_be_copied_is_not_taken_for_copied(visit: Visit) -> None:
    """A browser has no clipboard for a page over plain http, and nothing happened."""
    page = visit("administrator").go("keys", heading="Keys")
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.get_by_label("Who uses it, and what for").fill("by hand")
    page.get_by_role("button", name="Make the key").click()
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="copy it yourself")).to_be_visible()


def test_of_a_key_for_a_model_that_there_is_not_the_page_says_so(visit: Visit) -> None:
    page = visit("administrator").go("keys", heading="Keys")
    page.get_by_label("Who uses it, and what for").fill("a slip")
    page.get_by_label("Only for these models").fill("titanik, titanic")
    page.get_by_role("button", name="Make the key").click()
    said = page.get_by_role("status").filter(
        has_text="There is no model titanik so far; did you mean titanic?"
    )
    expect(said).to_contain_text("revoke")
    expect(page.get_by_role("row").filter(has_text="a slip")).to_contain_text("titanik, titanic")


def test_the_people_are_listed_by_name_with_what_they_may_do(visit: Visit) -> None:
    page = visit("administrator").go("keys", heading="Keys")
    people = page.get_by_role("region", name="People")
    for name, scopes in PEOPLE.items():
        row = people.get_by_role("row").filter(has_text=f"user:{name}")
        expect(row.get_by_role("rowheader")).to_have_text(f"{name} user:{name}")
        expect(row.get_by_role("cell").first).to_have_text(", ".join(scopes))


def test_a_refusal_is_shown_in_the_words_of_the_server(visit: Visit) -> None:
    page = visit("administrator").go("keys", heading="Keys")
    page.get_by_label("Who uses it, and what for").fill("x")
    page.get_by_label("Only for these models").fill("NOT/A/MODEL")
    # The list of keys, which has the same address, may still be on its way.
    with page.expect_response(lambda response: response.request.method == "POST") as answered:
        page.get_by_role("button", name="Make the key").click()
    assert answered.value.status == 422
    (fault, *_) = answered.value.json()["detail"]
    models = page.get_by_label("Only for these models")
    expect(page.locator(".field", has=models)).to_contain_text(fault["msg"])
    expect(models).to_have_value("NOT/A/MODEL")
