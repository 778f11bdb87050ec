"""How each page looks, and whether everybody can use it: light and dark, on a desk and on a telephone."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.asking import get, post
from tests.browser.conftest import Visit
from tests.browser.test_data import new_model_form
from tests.browser.test_models import Versions
from tests.browser.test_tables import drop
from tests.browser.visits import Visitor
from tests.stories.local_stack import Stack

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_AXE = {"runOnly": {"type": "tag", "values": WCAG}, "resultTypes": ["violations"]}
_TABLE = "who,pclass,sex,age\n" + "Ann,1,female,29\n" * 30 + "Bob,1,male,old\n"


def predicted(page: Page) -> None:
    page.get_by_role("button", name="Fill in the example").click()
    page.get_by_role("button", name="Predict", exact=True).click()
    page.locator(".verdict").wait_for()


def refused(page: Page) -> None:
    page.get_by_role("textbox", name="age").fill("old")
    page.get_by_role("button", name="Predict", exact=True).click()
    page.locator(".fault").first.wait_for()


def table(page: Page) -> None:
    drop(page, "who.csv", _TABLE)
    page.get_by_role("region", name="Scored rows").wait_for()


def dialog(page: Page) -> None:
    page.get_by_role("button", name="Roll back").click()
    page.get_by_role("dialog").wait_for()


def dialog_gone(page: Page) -> None:
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="detached")


def new_key(page: Page) -> None:
    page.get_by_label("Who uses it, and what for").fill("who looks at it")
    page.get_by_role("button", name="Make the key").click()
    page.locator(".secret").wait_for()


def unfolded(page: Page) -> None:
    """An operation of the API, tried with its example."""
    page.get_by_label("Search").fill("/models/{model}/predict")
    page.locator(".operation > summary").first.click()
    page.get_by_role("button", name="Send POST").click()
    page.get_by_label("The answer").wait_for()


def numbers(page: Page) -> None:
    for summary in page.get_by_text("The numbers").all()[:2]:
        summary.click()


# What is looked at on a page beside what it shows at first: its name, and how one gets there.
MORE: Mapping[str, list[tuple[str, Callable[[Page], None]]]] = {
    "predict": [("predict-refused", refused), ("predict-answered", predicted), ("predict-table", table)],
    "models": [("models-numbers", numbers), ("models-dialog", dialog), ("", dialog_gone)],
    "monitoring": [("monitoring-numbers", numbers)],
    "keys": [("keys-made", new_key)],
    "docs": [("docs-tried", unfolded)],
}


class Look:
    """Looks at one page after the other on one screen: takes a picture, collects what is wrong."""

    def __init__(self, visitor: Visitor, pictures: Path, screen: str) -> None:
        self._visitor, self._pictures, self._screen = visitor, pictures, screen
        self.wrong: list[str] = []

    def at(self, name: str) -> None:
        page = self._visitor.settle()
        # Charts are drawn by a library that is loaded when the first is needed.
        page.wait_for_function(
            "() => [...document.querySelectorAll('.plot')]"
            ".every((plot) => !plot.clientWidth || plot.querySelector('canvas'))"
        )
        # What lies behind a dialog is dimmed only as far as the screen goes.
        whole = not page.get_by_role("dialog").count()
        page.screenshot(path=self._pictures / f"{name}-{self._screen}.png", full_page=whole)
        self.wrong += [f"{name}: {one}" for one in violations(page)]
        wide, room = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        if wide > room:
            self.wrong.append(f"{name}: {wide} px wide, on {room}")


def violations(page: Page) -> list[str]:
    """What axe finds on a page: the rule, what it is about, why."""
    found: list[dict[str, Any]] = Axe().run(page, options=_AXE).response["violations"]
    return [
        f"{one['id']} {node['target']}: {' '.join(node['failureSummary'].split())}"
        for one in found
        for node in one["nodes"][:3]
    ]


@pytest.fixture(scope="module")
def a_round(stack: Stack, asked: list[str]) -> str:
    """The id of a labelling round, of which a part is labelled by two people."""
    drawn = post(stack, "/feedback/rounds", {"size": 40, "note": "Second class, as in April", "wanted": 2})
    ids = get(stack, f"/feedback/queue?limit=12&round={drawn['id']}")["items"]
    path = f"/feedback?round={drawn['id']}"
    for source, count in (("anna", 12), ("ben", 9)):
        for number, item in enumerate(ids[:count]):
            label = {"survived": (number + len(source)) % 3 == 0, "source": source}
            post(stack, path, {"prediction_id": item["prediction_id"], **label})
    id_: str = drawn["id"]
    return id_


def looked_at(administrator: Visitor, look: Look, versions: Versions, a_round: str) -> None:
    """What is one link away from the pages of the menu."""
    newer, older = (one["version"] for one in versions[:2])
    dataset = administrator.ask("GET", "/models/titanic/datasets").json()["datasets"][0]["id"]
    administrator.go("models", newer, heading=newer)
    look.at("version")
    administrator.go("models", "compare", newer, older, heading="Two versions")
    look.at("comparison")
    administrator.go("data", dataset)
    administrator.page.get_by_role("heading", name="What the values are").wait_for()
    look.at("dataset")
    administrator.go("label", a_round, heading="Label")
    administrator.page.locator(".label-card .verdicts").wait_for()
    look.at("label-round")
    page = new_model_form(administrator)
    page.get_by_text("3 categories").click()
    look.at("data-new-model")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_every_page_can_be_used_by_everybody(
    visit: Visit, versions: Versions, a_round: str, pictures: Path, scheme: str, width: int
) -> None:
    screen = f"{scheme}-{width}"
    context = {
        "viewport": {"width": width, "height": 800},
        "color_scheme": scheme,
        "reduced_motion": "reduce",
    }
    nobody = Look(visit(**context), pictures, screen)
    nobody.at("sign-in")
    administrator = visit("administrator", **context)
    look = Look(administrator, pictures, screen)
    menu = administrator.page.get_by_role("navigation", name="Pages").get_by_role("link")
    for name in [one.lower() for one in menu.all_inner_texts()]:
        administrator.go(name)
        administrator.page.get_by_role("heading", level=1, name=name).wait_for()
        look.at(name)
        for picture, lead in MORE.get(name, []):
            lead(administrator.page)
            if picture:
                look.at(picture)
    looked_at(administrator, look, versions, a_round)
    wrong = nobody.wrong + look.wrong
    assert not wrong, "\n".join(wrong)
