"""What the commands print: to people, and beside what a program may read."""

import sys


def say(text: str) -> None:
    """Print to standard output, at once."""
    print(text, flush=True)


def note(text: str) -> None:
    """Say something beside what a program may read from standard output."""
    print(text, file=sys.stderr, flush=True)
