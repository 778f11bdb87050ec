"""The page of the commands: what each answers to `--help`, and the targets of the Makefile."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

# What people start: modules, as `python -m` takes them.
PROGRAMS = (
    "functions.local",
    "functions.local.bundle",
    "functions.local.deployment",
    "functions.local.tools.tracking",
    "functions.authorize",
    "functions.track",
    "training",
)
# Asks a program for its help, and each of its commands for theirs, in one process: imports take longest.
_ASK = """
import contextlib, io, json, re, runpy, sys

def help_of(words):
    sys.argv[1:] = [*words, "--help"]
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        try:
            runpy.run_module(sys.argv[0], run_name="__main__")
        except SystemExit as ended:
            if ended.code:
                raise
    text = said.getvalue()
    told.append([words, text])
    commands = re.search(r"^  \\{([a-z,-]+)\\}$", text, re.MULTILINE)
    for command in commands[1].split(",") if commands else []:
        help_of([*words, command])

sys.argv, told = [sys.argv[1]], []
help_of([])
print(json.dumps(told))
"""
_SECONDS = 300
# Brackets would be a link, a pipe another cell.
_MARKS, _ESCAPED = re.compile(r"([][|<*])"), r"\\\1"
_PART = re.compile(r"^##@ (.+)$|^([a-zA-Z0-9-]+):.*?## (.+)$", re.MULTILINE)


class NoHelp(Exception):
    """A program does not answer to `--help`; the text has what it said instead."""


def helps(program: str, root: Path) -> list[tuple[list[str], str]]:
    """The help of a program of the repository at `root`, and of each of its commands, in order.

    Each with the words that ask for it, besides --help. Raises `NoHelp` when the program fails.
    """
    # As wide everywhere, and without colours.
    environment = {name: value for name, value in os.environ.items() if name != "FORCE_COLOR"}
    try:
        asked = subprocess.run(  # noqa: S603 - this Python, and a module that stands above
            [sys.executable, "-W", "ignore", "-c", _ASK, program],
            cwd=root,
            env=environment | {"COLUMNS": "100", "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise NoHelp(f"python -m {program} does not answer to --help within {_SECONDS} seconds") from late
    if asked.returncode:
        raise NoHelp(f"python -m {program} does not answer to --help:\n{asked.stderr or asked.stdout}")
    return [(words, text) for words, text in json.loads(asked.stdout)]


def targets(makefile: str) -> list[tuple[str, str, str]]:
    """What `make` lists: the heading that each target stands below, its name, what is said of it."""
    listed, heading = [], ""
    for part, name, words in _PART.findall(makefile):
        if part:
            heading = part
        else:
            listed.append((heading, name, words))
    return listed


def commands_page(told: Iterable[tuple[str, list[tuple[list[str], str]]]]) -> str:
    """The page, from each program and its `helps`."""
    return "\n".join(["# Commands", "", "What each command answers to `--help`.", "", *_programs(told)])


def _programs(told: Iterable[tuple[str, list[tuple[list[str], str]]]]) -> Iterator[str]:
    for program, texts in told:
        for words, text in texts:
            # Only programs are in the list beside the page.
            yield f"{'###' if words else '##'} {' '.join([f'python -m {program}', *words])}"
            yield from ("", "```text", text.rstrip(), "```", "")


def targets_page(makefile: str) -> str:
    """The page of the targets of a Makefile."""
    lines = ["# Targets of make", "", "What `make` lists. What stands in brackets may be left out.", ""]
    last = None
    for heading, name, words in targets(makefile):
        if heading != last:
            lines += ["", f"## {heading}", "", "| target | |", "|---|---|"]
        last = heading
        lines.append(f"| `make {name}` | {_MARKS.sub(_ESCAPED, words)} |")
    return "\n".join([*lines, ""])
