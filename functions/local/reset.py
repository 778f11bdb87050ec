"""The command that deletes what `run` has kept."""

import argparse
import sys
from pathlib import Path

from functions.local.process.printing import say
from functions.local.store.folder import held, is_kept, last_used, size_of


def reset(options: argparse.Namespace) -> int:
    folder: Path = options.folder.resolve()
    if not is_kept(folder):
        if folder.exists():
            raise ValueError(f"{folder} is nothing that `make run` has made: it stays as it is")
        say(f"There is nothing to delete: no {folder}")
        return 0
    with held(folder) as kept:
        size = f"{size_of(folder) / 1e6:,.1f} MB"
        what = f"{folder}: all datasets, models, predictions, labels and keys ({size})"
        if not options.yes:
            if not sys.stdin.isatty():
                raise ValueError(f"this deletes {what}; to say that it may, ARGS=--yes")
            say(f"This deletes {what}, last used {last_used(folder):%Y-%m-%d %H:%M} UTC.")
            if input("Delete it? [y/N] ").strip().lower() not in {"y", "yes"}:
                say("Nothing is deleted.")
                return 1
        kept.clear()
    say(f"Deleted    {folder}; the next `make run` begins anew")
    return 0
