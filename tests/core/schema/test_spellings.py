"""One table, written in many ways, is one table."""

import csv
import gzip
import io
from collections.abc import Callable

import pytest

from tests.support.reading import HEADER, PLAIN, ROWS, read

EXPECTED = read(PLAIN)


def table(
    header: str = HEADER,
    *,
    separator: str = ",",
    line_end: str = "\n",
    quoting: int = csv.QUOTE_MINIMAL,
    edit: Callable[[list[str]], list[str]] = list,
) -> str:
    """The two rows, written in another way."""
    text = io.StringIO()
    # The kinds of quoting are numbers here; the stubs know each by its name.
    writer = csv.writer(text, delimiter=separator, lineterminator=line_end, quoting=quoting)  # type: ignore[arg-type]
    writer.writerow(header.split(","))
    writer.writerows(edit(row) for row in csv.reader(io.StringIO(ROWS)))
    return text.getvalue()


def decimal_comma(row: list[str]) -> list[str]:
    return [cell.replace(".", ",") if cell.replace(".", "").isdigit() else cell for cell in row]


KAGGLE = "PassengerId,Survived,Pclass,Name,Sex,Age,SibSp,Parch,Ticket,Fare,Cabin,Embarked"


def kaggle(row: list[str]) -> list[str]:
    pclass, survived, name, sex, age, sibsp, parch, fare, embarked = row
    return ["17", survived, pclass, name, sex, age, sibsp, parch, "A/5 21171", fare, "", embarked]


SPELLINGS: dict[str, str | bytes] = {
    "UTF-8 with a mark": PLAIN.encode("utf-8-sig"),
    "UTF-16": PLAIN.encode("utf-16"),
    "UTF-16 with a decimal comma": table(separator="\t", edit=decimal_comma).encode("utf-16"),
    "Windows-1252": table(f"{HEADER},note", edit=lambda row: [*row, "é"]).encode("cp1252"),
    "gzip": gzip.compress(PLAIN.encode()),
    "CRLF": table(line_end="\r\n"),
    "CR": table(line_end="\r"),
    "blank lines": f"\n{HEADER}\n\n{ROWS}\n \n",
    "no last line end": PLAIN.rstrip("\n"),
    "upper case": PLAIN.replace(HEADER, HEADER.upper()),
    "spaces in the header": PLAIN.replace(HEADER, HEADER.replace(",", " , ")),
    "spaces behind commas": PLAIN.replace(",", ", ").replace(",  ", ", "),
    "an extra column": table(f"{HEADER},boat", edit=lambda row: [*row, "11"]),
    "trailing separators": PLAIN.replace("S\n", "S,,\n"),
    "a header with trailing separators": table(f"{HEADER},,", edit=lambda row: [*row, "", ""]),
    "rows of nothing but separators": f"{PLAIN},,,,,,,,\n,,,,,,,,\n",
    "semicolons": table(separator=";"),
    "semicolons and a decimal comma": table(separator=";", edit=decimal_comma),
    "tabs and a decimal comma": table(separator="\t", edit=decimal_comma),
    "commas and a decimal comma in quotes": table(edit=decimal_comma),
    "pipes": table(separator="|"),
    "all in quotes": table(quoting=csv.QUOTE_ALL),
    "sep=;": "sep=;\r\n" + table(separator=";"),
    '"sep=|"': '"sep=|"\n' + table(separator="|"),
    "sep=, in UTF-16": ("sep=,\r\n" + PLAIN).encode("utf-16"),
    "Kaggle": table(KAGGLE, edit=kaggle),
    "Stanford": table(
        "Pclass,Survived,Name,Sex,Age,Siblings/Spouses Aboard,Parents/Children Aboard,Fare,Port of "
        "Embarkation"
    ),
    "Gender with M and F": PLAIN.replace("sex", "Gender").replace(",male", ",M").replace("female", "F"),
    "outcomes in words": table(edit=lambda row: [row[0], {"0": "No", "1": "Yes"}[row[1]], *row[2:]]),
    "ports in words": table(edit=lambda row: [*row[:-1], "Southampton"]),
    "R, with row numbers below an empty name": f",{PLAIN}".replace("3,0", "1,3,0").replace("1,1,", "2,1,1,"),
    "R, with row numbers below no name": PLAIN.replace("3,0", "1,3,0").replace("1,1,", "2,1,1,"),
    "semicolons in the header": table(f"a;b;c;d;e;f;g;h;i,{HEADER}", edit=lambda row: ["", *row]),
    "an unknown column of long texts": table(f"{HEADER},review", edit=lambda row: [*row, "x" * 60_000]),
}  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_same_table_in_another_spelling_is_read_the_same(spelling: str) -> None:
    found = read(SPELLINGS[spelling])
    assert found.rows == EXPECTED.rows
    assert found.outcomes == EXPECTED.outcomes
    assert not found.bad
    assert not found.report.missing


def test_row_numbers_are_passed_over_and_said() -> None:
    note = "the first cell of each row is its number or name, and was passed over"
    assert read(SPELLINGS["R, with row numbers below no name"]).report.notes == (note,)
    found = read("pclass\tsex\tsurvived\nBraund\t1\tmale\t0\nAllen\t2\tfemale\t1\n")
    assert [row["pclass"] for row in found.rows] == [1, 2]
    assert found.report.notes == (note,)
