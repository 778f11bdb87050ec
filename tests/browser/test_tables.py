"""A table dropped on the page: scored part by part, the person's own columns kept, however long it is."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.conftest import TITANIC


def drop(page: Page, name: str, text: str) -> None:
    """Drop a file on the page, as a hand would."""
    page.get_by_label("Drop a CSV file here").wait_for()
    data = page.evaluate_handle(
        """([name, text]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([text], name, { type: "text/csv" }));
            return transfer;
        }""",
        [name, text],
    )
    page.dispatch_event(".drop", "dragover", {"dataTransfer": data})
    page.dispatch_event(".drop", "drop", {"dataTransfer": data})


def downloaded(page: Page) -> list[dict[str, str]]:
    """The rows of the result."""
    with page.expect_download() as saving:
        page.get_by_role("button", name="Download the result").click()
    with Path(saving.value.path()).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def table() -> list[dict[str, str]]:
    with TITANIC.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_a_person_drops_the_whole_table_and_keeps_their_columns(
    visit: Visit, table: list[dict[str, str]]
) -> None:
    page = visit("user").page
    drop(page, "titanic.csv", TITANIC.read_text())
    expect(page.get_by_text("1,309 rows were scored")).to_be_visible()
    # What happened stands in it already: that is no column which the model does not know.
    expect(page.get_by_text("The file has a column survived of its own")).to_contain_text(
        "predicted_survived"
    )
    rows = downloaded(page)
    assert len(rows) == len(table) == 1309
    for row, given in zip(rows, table, strict=True):
        assert {name: row[name] for name in given} == given
        assert row["predicted_survived"] in ("true", "false")
        assert 0 <= float(row["probability"]) <= 1
        assert row["error"] == ""


def test_rows_that_cannot_be_scored_are_listed_and_the_others_are_scored(visit: Visit) -> None:
    page = visit("user").page
    drop(page, "three.csv", "who,pclass,sex,age\nAnn,1,female,29\nBob,1,male,old\nCid,9,male,30\n")
    expect(page.get_by_text("1 row was scored, 2 were not")).to_be_visible()
    bad = page.get_by_role("region", name="Rows that could not be scored")
    expect(bad.get_by_role("row").nth(1)).to_contain_text("age")
    expect(bad.get_by_role("row").nth(2)).to_contain_text("pclass")
    rows = downloaded(page)
    assert [row["who"] for row in rows] == ["Ann", "Bob", "Cid"]
    assert [bool(row["probability"]) for row in rows] == [True, False, False]
    assert "age" in rows[1]["error"]


def test_formulas_in_cells_are_harmless_in_what_is_saved(visit: Visit) -> None:
    """A spreadsheet runs what begins so; a number may begin with a sign."""
    formulas = ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3", "\t=1", '=HYPERLINK("http://x")']
    page = visit("user").page
    cells = ['"' + formula.replace('"', '""') + '"' for formula in [*formulas, "-2.5"]]
    drop(page, "f.csv", "=who,pclass,sex,age\n" + "".join(f"{cell},1,female,29\n" for cell in cells))
    expect(page.get_by_text("7 rows were scored")).to_be_visible()
    rows = downloaded(page)
    assert [row["'=who"] for row in rows] == [*(f"'{formula}" for formula in formulas), "-2.5"]


def long_table(count: int) -> Iterator[str]:
    yield "id,pclass,sex,age\n"
    for number in range(count):
        yield f"p{number},{number % 3 + 1},{'male' if number % 2 else 'female'},{number % 70 + 1}\n"


def test_20000_rows_stay_quick(visit: Visit) -> None:
    page = visit("user").page
    drop(page, "long.csv", "".join(long_table(20_000)))
    expect(page.get_by_text("20,000 rows were scored")).to_be_visible(timeout=120_000)
    scored = page.get_by_role("region", name="Scored rows")
    assert page.locator("tr").count() < 200
    lag = scored.evaluate(
        """async (element) => {
            const began = performance.now();
            element.scrollTop = element.scrollHeight;
            const shown = () => element.textContent.includes("p19999");
            while (!shown() && performance.now() - began < 5000) await new Promise(requestAnimationFrame);
            return shown() ? performance.now() - began : Infinity;
        }"""
    )
    print(
        f"\n20,000 rows: the last is shown {lag:.0f} ms after scrolling to it; "
        f"{page.locator('tr').count()} rows are in the page"
    )
    assert lag < 500
    assert page.locator("tr").count() < 200
    assert len(downloaded(page)) == 20_000
