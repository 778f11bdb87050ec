"""The browser that the pages are tried in: Debian's Chromium. As a program it says where it is, or installs it."""

import shutil
import sys
from pathlib import Path

from tests.sam.machine import Unavailable, install

_NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> Path:
    """The browser's program; installed by apt where it is missing. Raises `Unavailable` where it cannot be."""
    if found := _found():
        return found
    install(_NAMES[0])
    if found := _found():
        return found
    raise Unavailable(f"apt installed {_NAMES[0]}, and there is no such program")


def _found() -> Path | None:
    places = (shutil.which(name) for name in _NAMES)
    return next((Path(place) for place in places if place), None)


if __name__ == "__main__":
    try:
        print(find_chromium())
    except Unavailable as reason:
        sys.exit(str(reason))
