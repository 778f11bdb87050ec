"""What a file may be called that is put into a folder of the store."""

import pytest

from functions.core.storage.file_names import fault_of_name

SUFFIXES = (".csv", ".csv.gz")


def fault(name: str) -> str:
    return fault_of_name(name, SUFFIXES, "convert it")


@pytest.mark.parametrize("name", ["customers.csv", "july 2026.csv.gz", "größe.csv", f"{'a' * 96}.csv"])
def test_a_name_of_a_table_is_fine(name: str) -> None:
    assert fault(name) == ""


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("customers.xlsx", "has to end with .csv or .csv.gz; convert it"),
        (f"{'a' * 97}.csv", "more than 100 bytes"),
        (f"{'ß' * 49}.csv", "more than 100 bytes"),
        (".hidden.csv", "begins with a dot"),
        (" blank.csv", "begins with a dot or a space"),
        ("a/b.csv", "a slash"),
        ("a\\b.csv", "a slash"),
        ("line\nbreak.csv", "cannot be printed"),
        ("lone\ud800.csv", "cannot be printed"),
    ],
)
def test_what_is_wrong_with_a_name_is_said(name: str, words: str) -> None:
    assert words in fault(name)
