"""Files and folders that the pages name in passing are there; links are tests/stories/test_readme.py's."""

import re
from pathlib import Path

import pytest

from tests.docs.reading import PAGES, ROOT

NAMED = re.compile(r"`((?:functions|training|tests|docs)/[\w./-]+)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_path_that_a_page_names_is_there(page: Path) -> None:
    assert [name for name in NAMED.findall(PAGES[page]) if not (ROOT / name).exists()] == []
