"""The site of the documents, and what is added to the pages for it. `make docs` builds it, strictly."""

import importlib.util
import re
from types import ModuleType

import pytest

from tests.docs.reading import INDEX, PAGES, README, ROOT


@pytest.fixture(scope="module")
def conf() -> ModuleType:
    spec = importlib.util.spec_from_file_location("conf", ROOT / "docs" / "conf.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_page_is_in_the_list_at_the_side_once_below_its_heading(conf: ModuleType) -> None:
    lists = conf.contents(PAGES[INDEX])
    listed = re.findall(r"^[\w/-]+$", lists, re.MULTILINE)
    written = {page.stem for page in PAGES if page not in {README, INDEX}}
    made = {f"reference/{name}" for name in ("routes", "shapes", "commands", "targets")}
    assert sorted(listed) == sorted(written | made)
    assert re.findall(r":caption: (.+)", lists) == ["Start", "Guides", "Background", "Reference"]


def test_a_link_to_a_file_of_the_repository_is_a_download_and_others_stay(conf: ModuleType) -> None:
    page = "[a](../openapi.json) [b](models.md#the-card) [c](https://example.org/../x)"
    assert (
        conf.for_site(page)
        == "[a](path:../openapi.json) [b](models.md#the-card) [c](https://example.org/../x)"
    )


def test_the_pages_need_nothing_but_what_github_reads() -> None:
    for page, text in PAGES.items():
        assert not re.search(r"^```\{|^:::|^\(\w+\)=$", text, re.MULTILINE), page


def test_addresses_elsewhere_have_the_form_of_one() -> None:
    for page, text in PAGES.items():
        for address in re.findall(r"\]\((\w+:[^)]*)\)|<(https?:[^>]*)>", text):
            assert re.fullmatch(r"https://[a-z0-9.-]+\.[a-z]{2,}(/[\w./#?=&%~-]*)?", "".join(address)), page


def test_tables_of_figures_name_the_commit_that_they_were_written_down_in() -> None:
    sections = re.split(r"^## ", PAGES[ROOT / "docs" / "measured.md"], flags=re.MULTILINE)[1:]
    assert sections
    for section in sections:
        assert re.search(r"^Commit `[0-9a-f]{7}`", section, re.MULTILINE), section.splitlines()[0]


def test_a_decision_says_when_why_and_what_would_change_it() -> None:
    rows = [line for line in PAGES[ROOT / "docs" / "decisions.md"].splitlines() if line.startswith("| ")]
    for row in rows[1:]:
        _, when, why, change = row.strip("| ").split(" | ")
        assert re.match(r"20\d\d-\d\d-\d\d( `[0-9a-f]{7}`)?$", when), row
        assert why
        assert change
