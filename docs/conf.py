"""Sphinx's settings for the site of these pages: `make docs` builds it.

The pages are plain Markdown, to be read in the repository as well: what only the site needs is added here.
"""

import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from functions.core import __version__

project = "Lifeboat"
author = "Lifeboat contributors"
release = __version__
extensions = ["myst_parser"]
exclude_patterns = ["requirements.txt"]
# Links to sections are those that GitHub makes.
myst_heading_anchors = 4
# A block says its language, or has none.
highlight_language = "none"
# What is linked to in the code, and is not there, is a warning: `make docs` takes warnings for errors.
nitpicky = True
html_theme = "furo"
html_title = f"Lifeboat {release}"
html_copy_source = False
html_show_copyright = False

_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
_PAGE = re.compile(r"\]\(([\w-]+)\.md\)")
_GENERATED = {
    "Reference": ["reference/routes", "reference/shapes", "reference/commands", "reference/targets"]
}


def contents(index: str) -> str:
    """The list of all pages at the side: the sections of index.md, and the pages that each links to."""
    _, *parts = _SECTION.split(index)
    lists = []
    for section, text in zip(parts[::2], parts[1::2], strict=True):
        if pages := [*dict.fromkeys(_PAGE.findall(text)), *_GENERATED.get(section, [])]:
            lists.append("\n".join(["```{toctree}", ":hidden:", f":caption: {section}", "", *pages, "```"]))
    return "\n\n".join(lists)


def for_site(page: str) -> str:
    """A page whose links to files beside docs/ are downloads, whatever they end with."""
    return page.replace("](../", "](path:../")


def _on_source(_app: Any, name: str, source: list[str]) -> None:
    text = for_site(source[0])
    source[0] = f"{text}\n\n{contents(text)}\n" if name == "index" else text


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _on_source)
