"""Who sees which pages. Who does not is refused by the API all the same."""

import pytest

from tests.browser.conftest import Visit
from tests.browser.test_models import Versions
from tests.browser.visits import sign_in_with_key
from tests.stories.local_stack import Stack

EVERYTHING = {"Predict", "Label", "Data", "Models", "Monitoring", "Keys"}
OF_TITANIC = "/models/titanic"
# What a page asks for, by the scope that it takes.
LABELLING = [
    ("POST", f"{OF_TITANIC}/feedback"),
    ("GET", f"{OF_TITANIC}/feedback/queue"),
    ("GET", f"{OF_TITANIC}/feedback/progress"),
    ("GET", f"{OF_TITANIC}/feedback/export"),
    ("GET", f"{OF_TITANIC}/feedback/rounds"),
    ("POST", f"{OF_TITANIC}/feedback/rounds"),
]
READING = [
    ("GET", f"{OF_TITANIC}/datasets"),
    ("GET", f"{OF_TITANIC}/uploads"),
    ("GET", f"{OF_TITANIC}/versions"),
    ("GET", f"{OF_TITANIC}/history"),
    ("GET", f"{OF_TITANIC}/monitoring/reports"),
    ("GET", f"{OF_TITANIC}/monitoring/traffic"),
]
CHANGING = [
    ("POST", "/models/customers/schema/inference"),
    ("PUT", "/models/customers/schema"),
    ("PUT", f"{OF_TITANIC}/datasets/more.csv"),
    ("POST", f"{OF_TITANIC}/versions/{{version}}/promote"),
    ("DELETE", f"{OF_TITANIC}/versions/{{version}}?reason=none"),
    ("POST", f"{OF_TITANIC}/rollback"),
    ("DELETE", OF_TITANIC),
    ("POST", f"{OF_TITANIC}/monitoring/run"),
    ("POST", f"{OF_TITANIC}/training"),
    ("GET", "/people"),
    ("GET", "/keys"),
    ("POST", "/keys"),
    ("DELETE", "/keys/00000000"),
]


@pytest.mark.parametrize(
    ("role", "sees"),
    [
        ("user", {"Predict"}),
        ("annotator", {"Predict", "Label"}),
        ("administrator", EVERYTHING),
    ],
)
def test_a_role_sees_its_pages_and_the_address_of_another_shows_an_own_one(
    visit: Visit, role: str, sees: set[str]
) -> None:
    visitor = visit(role)
    names = set(visitor.page.get_by_role("navigation", name="Pages").get_by_role("link").all_inner_texts())
    assert names == sees | {"Docs"}
    for other in EVERYTHING - sees:
        visitor.go(other.lower(), heading="Predict")
        visitor.go("docs", heading="API docs")


@pytest.mark.parametrize(
    ("role", "refused"), [("user", LABELLING + READING + CHANGING), ("annotator", READING + CHANGING)]
)
def test_what_a_role_does_not_see_the_api_refuses(
    visit: Visit, versions: Versions, role: str, refused: list[tuple[str, str]]
) -> None:
    visitor = visit(role)
    for method, path in refused:
        body = None if method == "GET" else {"reason": "none"}
        answer = visitor.ask(method, path.format(version=versions[0]["version"]), json=body)
        assert answer.status_code == 403, (method, path, answer.text)
        assert answer.json()["code"] == "FORBIDDEN"


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
