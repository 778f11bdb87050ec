"""The programs that `make test-pages` needs. As a program it says where they are, or installs them."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.support.machine import Unavailable, install


def find_chromium() -> Path:
    """The browser. Raises `Unavailable` where it is missing and cannot be installed."""
    return _find("chromium", ["chromium", "chromium-browser", "google-chrome"])


def find_npm() -> Path:
    """npm, and node with it. Raises `Unavailable` where it is missing and cannot be installed."""
    return _find("npm", ["npm"])


def _find(package: str, programs: Sequence[str]) -> Path:
    """The first of `programs` that there is; `package` is installed by apt where there is none."""
    found = [place for program in programs if (place := shutil.which(program))]
    if not found:
        install(package)
        found = [place for program in programs if (place := shutil.which(program))]
    if not found:
        raise Unavailable(f"apt installed {package}, and there is no such program")
    return Path(found[0])


if __name__ == "__main__":
    try:
        print(find_chromium(), find_npm(), sep="\n")
    except Unavailable as reason:
        sys.exit(str(reason))
