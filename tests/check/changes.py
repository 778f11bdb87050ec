"""Which files differ from a branch, by git: what was committed since, what was not, and what is new."""

import shutil
import subprocess
from pathlib import Path

# In a clone, the branch may be known only as that of where it came from.
MAIN = ("main", "origin/main")


class CannotCompare(Exception):
    """There is nothing to compare with; the message says what to do."""


def changed_files(root: Path, against: str | None = None) -> list[str]:
    """The paths, relative to `root`, of what differs from where this branch left `against`, sorted.

    Deleted files are among them, and new ones that git does not ignore. Raises `CannotCompare`.
    """
    if not shutil.which("git"):
        raise CannotCompare("git is not installed; it says what has changed. `make test` runs everything")
    base = _base(root, (against,) if against else MAIN)
    differ = _git(root, "diff", "--name-only", "--no-renames", "-z", base)
    new = _git(root, "ls-files", "--others", "--exclude-standard", "-z")
    return sorted({path for listed in (differ, new) for path in listed.split("\0") if path})


def _base(root: Path, names: tuple[str, ...]) -> str:
    for name in names:
        try:
            return _git(root, "merge-base", name, "HEAD").strip()
        except CannotCompare:
            continue
    raise CannotCompare(
        f"git knows no common commit with {' or '.join(names)}: name another one, such as --against HEAD~1"
    )


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True)
    except subprocess.CalledProcessError as error:
        raise CannotCompare(error.stderr.strip()) from None
    return done.stdout
