"""Who sees which pages. Who does not is refused by the API all the same."""

import pytest

from tests.browser.conftest import Visit
from tests.browser.visits import sign_in_with_key
from tests.stories.local_stack import Stack

EVERYTHING = {"Predict", "Label", "Models", "Monitoring", "Keys"}


@pytest.mark.parametrize(
    ("role", "sees", "never"),
    [
        ("user", {"Predict"}, {"Label", "Models", "Monitoring", "Keys"}),
        ("annotator", {"Predict", "Label"}, {"Models", "Monitoring", "Keys"}),
        ("administrator", EVERYTHING, set()),
    ],
)
def test_a_role_sees_its_pages(visit: Visit, role: str, sees: set[str], never: set[str]) -> None:
    page = visit(role).page
    names = set(page.get_by_role("navigation", name="Pages").get_by_role("link").all_inner_texts())
    assert sees <= names
    assert not never & names


@pytest.mark.parametrize("page_of_others", ["models", "monitoring", "keys"])
def test_the_address_of_a_page_of_others_shows_an_own_one(visit: Visit, page_of_others: str) -> None:
    visit("annotator").go(page_of_others, heading="Predict")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/keys"),
        ("GET", "/models/titanic/versions"),
        ("GET", "/models/titanic/history"),
        ("GET", "/models/titanic/monitoring/reports"),
        ("POST", "/models/titanic/monitoring/run"),
        ("POST", "/models/titanic/training"),
        ("POST", "/models/titanic/rollback"),
    ],
)
def test_what_an_annotator_does_not_see_the_api_refuses(visit: Visit, method: str, path: str) -> None:
    annotator = visit("annotator")
    annotator.page.get_by_role("navigation", name="Pages").wait_for()
    body = {"reason": "none"} if method == "POST" else None
    answer = annotator.ask(method, path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")


def test_a_user_may_not_label(visit: Visit) -> None:
    assert visit("user").ask("GET", "/models/titanic/feedback/queue").status_code == 403


def test_who_signs_out_sees_nothing(visit: Visit, stack: Stack) -> None:
    page = visit().page
    sign_in_with_key(page, stack, "administrator")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="Sign in to Lifeboat").wait_for()


def test_a_key_that_is_none_is_refused_in_the_words_of_the_server(visit: Visit) -> None:
    page = visit().page
    page.get_by_label("key", exact=False).fill("lb_00000000_" + "0" * 64)
    with page.expect_response("**/me") as answered:
        page.get_by_role("button", name="Use this key").click()
    assert answered.value.status == 401
    page.get_by_role("alert").filter(has_text=answered.value.json()["error"]).first.wait_for()
