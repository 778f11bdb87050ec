"""Half a minute before a commit: `make check`. Lint, types, import rules, and the tests of what changed.

What changed is what differs from the branch `main`, or from --against, and what git does not know yet. Which
tests that means, and why each of them, is said first (tests/check/choosing.py has the rules); those that come
after --seconds are left out, and named. `make test` runs everything. --lint runs no tests, all the rest.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, STDOUT, run

from tests.check.changes import CannotCompare, changed_files
from tests.check.choosing import Choice, choose_tests, passed_over

ROOT = Path(__file__).parents[2]
SECONDS = 20.0
# pytest's code for no tests at all: each of the files that were chosen may hold tests of another target.
NO_TESTS = 5


@dataclass(frozen=True, slots=True)
class Step:
    """A command that checks something. passes: the exit codes with which it finds nothing wrong."""

    name: str
    command: tuple[str, ...]
    passes: tuple[int, ...] = (0,)


def lint_steps(*, template: bool) -> list[Step]:
    """What is checked without running the code; the template, which takes long, only if asked for."""
    return [
        Step("ruff", _tool("ruff", "check")),
        Step("format", _tool("ruff", "format", "--check")),
        Step("mypy", _tool("mypy")),
        *([Step("cfn-lint", _tool("cfn-lint", "template.yaml"))] if template else []),
        Step("import rules", _tool("lint-imports")),
    ]


def step_of_tests(choices: Sequence[Choice], seconds: float) -> Step:
    """The tests that were chosen, in their order, until the time is over."""
    options = ("-q", "-m", "not long", "-p", "no:cacheprovider")
    plugins = ("-p", "tests.check.files_in_memory", "-p", "tests.check.time_limit")
    limit = ("--stop-after", str(seconds))
    files = (choice.test for choice in choices)
    command = (sys.executable, "-m", "pytest", *options, *plugins, *limit, *files)
    return Step("tests", command, (0, NO_TESTS))


def main(arguments: Sequence[str] | None = None, *, root: Path = ROOT) -> int:
    """Check. Returns 0 when nothing is wrong, 1 when something is, 2 with nothing to compare with."""
    options = _parser().parse_args(arguments)
    if options.lint:
        return run_steps(lint_steps(template=True), root)
    try:
        changed = changed_files(root, options.against)
    except CannotCompare as reason:
        print(reason, file=sys.stderr)
        return 2
    choices = choose_tests(changed, root)
    _say_choices(changed, choices, options.against)
    steps = lint_steps(template="template.yaml" in changed)
    return run_steps([*([step_of_tests(choices, options.seconds)] if choices else []), *steps], root)


def run_steps(steps: Sequence[Step], root: Path) -> int:
    """Run them two at a time, because a small machine has two cores; what each says comes in one piece."""
    failed = []

    def do(step: Step) -> None:
        began = time.monotonic()
        done = run(step.command, cwd=root, stdout=PIPE, stderr=STDOUT, text=True, check=False)
        passed = done.returncode in step.passes
        if not passed:
            failed.append(step.name)
        words = f"== {step.name}: {'passed' if passed else 'FAILED'}, {time.monotonic() - began:.1f} s"
        print("\n".join([words, *([said] if (said := done.stdout.strip()) else [])]), flush=True)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(do, steps))
    if failed:
        print(f"\nFailed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _say_choices(changed: Sequence[str], choices: Sequence[Choice], against: str | None) -> None:
    print(f"{len(changed)} files differ from {against or 'main'}; tests of {len(choices)} files:")
    for choice in choices:
        print(f"  {choice.test}  {choice.why}")
    for path, target in passed_over(changed):
        print(f"  not here: {path}, which is run by `make {target}`")
    sys.stdout.flush()


def _tool(name: str, *arguments: str) -> tuple[str, ...]:
    return (str(Path(sys.executable).with_name(name)), *arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.check",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--against", metavar="REF", help="what to compare with; main when left out")
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, help=f"how long tests are begun for; {SECONDS:.0f}"
    )
    parser.add_argument("--lint", action="store_true", help="no tests, and the template too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
