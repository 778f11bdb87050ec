"""Write the pages of reference: `python -m functions.local.reference FOLDER`."""

import argparse
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from functions.local.process.child import ROOT
from functions.local.reference.commands import PROGRAMS, NoHelp, commands_page, helps, targets_page
from functions.local.reference.routes import routes_page, shapes_page


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code: 0 done, 1 failed, 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m functions.local.reference", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the pages are written, in place of those there")
    options = parser.parse_args(arguments)
    try:
        write(pages(ROOT), options.folder)
    except (NoHelp, OSError, ValueError) as error:
        print(f"Failed: {error}", file=sys.stderr)
        return 1
    return 0


def pages(root: Path) -> dict[str, str]:
    """The pages of the repository at `root`, by their file names. Raises `NoHelp`."""
    document = json.loads((root / "openapi.json").read_text(encoding="utf-8"))
    # Two at once: each of them imports a program.
    with ThreadPoolExecutor(2) as pool:
        told = [*zip(PROGRAMS, pool.map(lambda program: helps(program, root), PROGRAMS), strict=True)]
    return {
        "routes.md": routes_page(document),
        "shapes.md": shapes_page(document),
        "commands.md": commands_page(told),
        "targets.md": targets_page((root / "Makefile").read_text(encoding="utf-8")),
    }


def write(pages: Mapping[str, str], folder: Path) -> None:
    """Put the pages, and nothing else, into `folder`. Raises `ValueError` where it holds what is no page."""
    if folder.exists():
        if strange := [path.name for path in folder.iterdir() if path.suffix != ".md"]:
            raise ValueError(f"{folder} holds {strange[0]}, which is no page: name another folder")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
