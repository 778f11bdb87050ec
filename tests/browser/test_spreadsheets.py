"""Files as spreadsheets write them: read as the server reads them, and given back as they came."""

import csv
import gzip
import io
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.conftest import Visit

UMLAUTS = "pclass;sex;age;Name\r\n1;female;29;M\u00fcller\r\n3;male;30,5;J\u00fcrgen\r\n"


def choose(page: Page, name: str, content: bytes, label: str = "Drop a CSV file here") -> None:
    file: FilePayload = {"name": name, "mimeType": "text/csv", "buffer": content}
    page.get_by_label(label).set_input_files([file])


def save_result(page: Page) -> bytes:
    with page.expect_download() as saving:
        page.get_by_role("button", name="Download the result").click()
    return Path(saving.value.path()).read_bytes()


def workbook() -> bytes:
    """The beginning of an .xlsx as Excel writes it: what a file is, is told by that."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("[Content_Types].xml", "xl/workbook.xml", "xl/worksheets/sheet1.xml"):
            archive.writestr(name, "<xml>\n" * 50)
    return packed.getvalue()


def test_the_line_that_names_the_separator_is_no_header(visit: Visit) -> None:
    """As one, it gave each row the answer of another, and the last row none."""
    page = visit("user").page
    choose(page, "sep.csv", b"sep=;\r\npclass;sex;age\r\n1;female;29\r\n3;male;30\r\n")
    expect(page.get_by_text("2 rows were scored.")).to_be_visible()
    rows = page.get_by_role("region", name="Scored rows").locator("tbody tr").all_inner_texts()
    cells = [row.split("\t") for row in rows]
    assert [[*row[:2], *row[3:]] for row in cells] == [
        ["1", "yes", "1", "female", "29"],
        ["2", "no", "3", "male", "30"],
    ]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-8-sig", "utf-16"])
def test_umlauts_of_a_spreadsheet_are_kept_whatever_their_encoding(visit: Visit, encoding: str) -> None:
    page = visit("user").page
    choose(page, "names.csv", UMLAUTS.encode(encoding))
    expect(page.get_by_text("2 rows were scored.")).to_be_visible()
    expect(page.get_by_role("region", name="Scored rows")).to_contain_text("M\u00fcller")
    result = save_result(page)
    # The mark tells a spreadsheet that it is UTF-8; a program that wrote none gets none.
    assert result.startswith(b"\xef\xbb\xbf") == (encoding != "utf-8")
    rows = list(csv.DictReader(io.StringIO(result.decode("utf-8-sig")), delimiter=";"))
    assert [row["Name"] for row in rows] == ["M\u00fcller", "J\u00fcrgen"]
    # Where the file has decimal commas, the spreadsheet would take a decimal point for something else.
    assert [row["probability"].partition(",")[0] for row in rows] == ["0", "0"]


def test_a_file_in_gzip_is_unpacked(visit: Visit) -> None:
    page = visit("user").page
    choose(page, "rows.csv.gz", gzip.compress(b"pclass,sex,age\n1,female,29\n"))
    expect(page.get_by_text("1 row was scored.")).to_be_visible()
    with page.expect_download() as saving:
        page.get_by_role("button", name="Download the result").click()
    assert saving.value.suggested_filename == "rows.predicted.csv"


def test_a_damaged_file_in_gzip_is_refused_in_words(visit: Visit) -> None:
    page = visit("user").page
    choose(page, "rows.csv.gz", gzip.compress(b"pclass,sex,age\n1,female,29\n" * 99)[:40])
    expect(page.get_by_role("alert")).to_contain_text("could not be unpacked")


def test_a_workbook_is_called_one_and_what_to_do_is_said(visit: Visit) -> None:
    page = visit("user").page
    choose(page, "book.xlsx", workbook())
    expect(page.get_by_role("alert")).to_contain_text("an Excel workbook (.xlsx)")
    expect(page.get_by_role("alert")).to_contain_text("save the sheet as CSV")


def test_outcomes_in_a_workbook_are_called_one_too(visit: Visit) -> None:
    page = visit("annotator").go("label", heading="Label")
    choose(page, "book.xlsx", workbook(), "Drop a CSV file of what happened")
    alert = page.get_by_role("alert").filter(has_text="workbook")
    expect(alert).to_contain_text("save the sheet as CSV")


def test_what_stands_in_the_file_is_shown_beside_what_is_wrong_with_it(visit: Visit) -> None:
    page = visit("user").page
    choose(page, "three.csv", b"P.Class,sex,age\n1,mann,29\n9,male,30\n1,female,29\n")
    said = page.get_by_text("1 row was scored, 2 were not")
    # Not in the green of what went well.
    expect(page.locator(".notice.mixed", has=said)).to_be_visible()
    bad = page.get_by_role("region", name="Rows that could not be scored")
    rows = [row.split("\t") for row in bad.locator("tbody tr").all_inner_texts()]
    assert [row[:2] for row in rows] == [["1", "mann"], ["2", "9"]]


def test_where_no_row_could_be_scored_there_is_no_empty_list_of_scored_ones(visit: Visit) -> None:
    page = visit("user").page
    choose(page, "none.csv", b"pclass,sex\n1,mann\n")
    expect(page.locator(".notice.bad")).to_contain_text("none.csv: the only row could not be scored")
    expect(page.get_by_role("heading", name="Scored rows")).to_have_count(0)
