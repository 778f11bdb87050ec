"""Models: an administrator promotes, rolls back with a reason, and finds both in the history."""

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visit

Versions = list[dict[str, Any]]


def row_of(page: Page, version: str) -> Locator:
    return page.get_by_role("region", name="Versions").get_by_role("row").filter(has_text=version)


def named_in(page: Page) -> dict[str, str]:
    """The versions that the dialog names, each by what becomes of it."""
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("dt")).to_have_count(2)
    return dict(
        zip(dialog.locator("dt").all_inner_texts(), dialog.locator("dd code").all_inner_texts(), strict=True)
    )


def give_reason(page: Page, verb: str, reason: str) -> None:
    dialog = page.get_by_role("dialog")
    # The gate may be against it, and has said so already.
    for force in dialog.get_by_role("checkbox").all():
        force.check()
    dialog.get_by_label("Reason").fill(reason)
    dialog.get_by_role("button", name=verb).click()
    expect(dialog).to_have_count(0)


def test_an_administrator_promotes_and_rolls_back_with_a_reason(visit: Visit, versions: Versions) -> None:
    administrator = visit("administrator")
    page = administrator.go("models", heading="Models")
    in_service = administrator.ask("GET", "/models/titanic/champion").json()["version"]
    other = next(one["version"] for one in versions if one["version"] != in_service)
    row_of(page, other).get_by_role("button", name="Promote").click()
    assert named_in(page) == {"Leaves": in_service, "Comes": other}
    give_reason(page, "Promote", "tried in a browser")
    expect(row_of(page, other)).to_contain_text("in service")
    assert administrator.ask("GET", "/models/titanic/champion").json()["version"] == other
    row_of(page, other).get_by_role("button", name="Roll back").click()
    assert named_in(page) == {"Leaves": other, "Comes": in_service}
    give_reason(page, "Roll back", "the one before was better")
    expect(
        page.get_by_text(f"Version {in_service} is in service again, in place of {other}.")
    ).to_be_visible()
    expect(row_of(page, in_service)).to_contain_text("in service")
    history = page.locator("section", has=page.get_by_role("heading", name="History"))
    for reason in ("tried in a browser", "the one before was better"):
        expect(history.get_by_text(reason).first).to_be_visible()
    expect(history).to_contain_text("Lifeboat itself, after a training")


def test_a_refused_change_says_why_and_keeps_the_reason(visit: Visit, versions: Versions) -> None:
    """A version that was rolled back is promoted again only by force: the dialog stays and says so."""
    administrator = visit("administrator")
    page = administrator.go("models", heading="Models")
    in_service = administrator.ask("GET", "/models/titanic/champion").json()["version"]
    other = next(one["version"] for one in versions if one["version"] != in_service)
    row_of(page, other).get_by_role("button", name="Promote").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("without force")
    with page.expect_response("**/promote") as answered:
        dialog.get_by_role("button", name="Promote").click()
    assert answered.value.status == 409, answered.value.text()
    expect(dialog.get_by_role("alert")).to_contain_text(answered.value.json()["error"])
    expect(dialog.get_by_label("Reason")).to_have_value("without force")


def test_a_version_is_shown_and_two_are_compared(visit: Visit, versions: Versions) -> None:
    page = visit("administrator").go("models", heading="Models")
    for one in versions[:2]:
        row_of(page, one["version"]).get_by_role("checkbox").check()
    page.get_by_role("link", name="Compare the two").click()
    page.get_by_role("heading", level=1, name="Two versions of titanic").wait_for()
    for one in versions[:2]:
        page.get_by_role("link", name=one["version"]).first.wait_for()
    page.get_by_role("link", name=versions[0]["version"]).first.click()
    page.get_by_role("heading", level=1, name=versions[0]["version"]).wait_for()
    proof = page.locator(
        "section", has=page.get_by_role("heading", name="Whether it answers as it was trained")
    )
    expect(proof).to_contain_text("They gave the same answers.")
    # What is for programmers is folded away, and there.
    figures = proof.get_by_text("Largest difference between two probabilities")
    expect(figures).to_be_hidden()
    proof.get_by_text("The figures of this proof").click()
    expect(figures).to_be_visible()
    expect(proof).to_contain_text("(0.00001 is allowed)")
    fingerprint = page.locator("details", has_text="How to tell whether a file is this one")
    expect(fingerprint.locator("p").first).to_be_hidden()
    fingerprint.locator("summary").click()
    expect(fingerprint).to_contain_text(re.compile(r"[0-9a-f]{64}"))


def test_the_card_of_a_version_is_saved_as_a_file(visit: Visit, versions: Versions) -> None:
    version = versions[0]["version"]
    administrator = visit("administrator")
    page = administrator.go("models", version, heading=version)
    for name, ending in (("Markdown", "md"), ("HTML", "html")):
        with page.expect_download() as saved:
            page.get_by_role("button", name=f"Save the card ({name})").click()
        assert saved.value.suggested_filename == f"titanic.{version}.card.{ending}"
        path = f"/models/titanic/versions/{version}/card?format={name.lower()}"
        assert saved.value.path().read_text() == administrator.ask("GET", path).text
