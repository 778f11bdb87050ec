"""README.md and the pages of docs/, and the blocks of code that stand in them."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
INDEX = ROOT / "docs" / "index.md"
PAGES = {path: path.read_text(encoding="utf-8") for path in [README, *sorted((ROOT / "docs").glob("*.md"))]}

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"\s+#.*$")


def blocks(path: Path) -> Iterator[tuple[str, str]]:
    """Language and text of each block of a page."""
    for match in _BLOCK.finditer(PAGES[path]):
        yield match[1], match[2]


def commands(block: str) -> Iterator[str]:
    """The commands of a block, each in one line, without what is said of it behind a #."""
    begun = ""
    for line in block.replace("\\\n", " ").splitlines():
        begun = f"{begun} {_COMMENT.sub('', line).strip()}".strip()
        if begun and _is_whole(begun):
            yield begun
            begun = ""
    if begun:
        yield begun


def _is_whole(command: str) -> bool:
    """Whether no quote and no bracket is left open."""
    try:
        shlex.split(command)
    except ValueError:
        return False
    return command.count("(") == command.count(")")
