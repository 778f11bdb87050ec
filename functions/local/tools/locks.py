"""The lock files, made from the dependency groups of pyproject.toml: `make lock`, `make lock ARGS=--upgrade`.

Versions already locked are kept where they still fit. The development lock is made first and holds the others
to its versions, so that a package has one version everywhere. Where packages come from, the environment may
say: no address gets into a lock. What else the environment and uv's files say is left out of it.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from functions.local.process.child import ROOT

# For one lock: what has to be fetched first comes in megabytes.
SECONDS = 900
DEV = "requirements-dev.txt"
RUN = "requirements.txt"
ANYWHERE = ("--universal", "--python-version", "3.11")
LAMBDA = ("--python-version", "3.13", "--python-platform", "x86_64-manylinux_2_28")


@dataclass(frozen=True, slots=True)
class Lock:
    """A file with the versions of a group. held_to: the lock whose versions it keeps to."""

    group: str
    path: str
    target: tuple[str, ...]
    held_to: str | None = DEV


def _function(name: str) -> Lock:
    return Lock(name, f"functions/{name}/requirements.txt", LAMBDA)


# Each after the one that it is held to.
LOCKS = (
    Lock("dev", DEV, ANYWHERE, None),
    Lock("local", RUN, ANYWHERE),
    Lock("scale", "requirements-scale.txt", ANYWHERE),
    Lock("training", "training/requirements.txt", ANYWHERE),
    *map(
        _function,
        ("authorize", "datasets", "feedback", "keys", "models", "monitor", "pages", "predict", "retrain"),
    ),
    # What it requires of pyarrow and graphql-core is at odds with the larger sets. It trains as retrain does.
    Lock("mlflow", "requirements-mlflow.txt", ANYWHERE, "functions/retrain/requirements.txt"),
    *map(_function, ("scoring", "track")),
    Lock("bench", "tests/bench/requirements.txt", LAMBDA),
    Lock("peer-fastapi", "tests/bench/peers/fastapi.txt", LAMBDA),
    Lock("peer-litserve", "tests/bench/peers/litserve.txt", LAMBDA),
    Lock("peer-mlflow", "tests/bench/peers/mlflow.txt", LAMBDA, RUN),
    # What these require (BentoML of opentelemetry, MLServer of FastAPI) is at odds with the development set.
    Lock("peer-bentoml", "tests/bench/peers/bentoml.txt", LAMBDA, None),
    Lock("peer-mlserver", "tests/bench/peers/mlserver.txt", LAMBDA, None),
    Lock("peer-ray", "tests/bench/peers/ray.txt", LAMBDA, None),
    Lock("reader-obstore", "tests/bench/readers/obstore.txt", LAMBDA, None),
    Lock("bench-tables", "tests/bench/tables/requirements.txt", ANYWHERE, None),
    Lock("client", "tests/browser/requirements.txt", ANYWHERE, None),
    Lock("sam", "tests/sam/requirements.txt", ANYWHERE, None),
    Lock("deploy", "requirements-deploy.txt", ("--universal", "--python-version", "3.13"), None),
    Lock("docs", "docs/requirements.txt", ANYWHERE),
    Lock("runtime", "tests/sam/runtime.txt", LAMBDA, None),
)
# What would lock other versions than pyproject.toml asks for, here and nowhere else.
FOREIGN = frozenset({"UV_CONSTRAINT", "UV_OVERRIDE", "UV_EXCLUDE_NEWER", "UV_PRERELEASE", "UV_RESOLUTION"})


def compile_lock(lock: Lock, options: Sequence[str], *, root: Path = ROOT) -> None:
    """Write a lock file.

    Raises `subprocess.CalledProcessError` when uv finds no versions, which says why, and
    `subprocess.TimeoutExpired` when it does not end.
    """
    # What has to be built, this Python builds: uv would look for one that the lock is for, and fetch it from
    # the internet, whatever index the environment names.
    command = [
        str(Path(sys.executable).with_name("uv")), "--no-config", "pip", "compile", "--quiet",
        "--python", sys.executable,
        "--generate-hashes", "--no-emit-index-url", "--fork-strategy", "fewest",
        "--custom-compile-command", "make lock", *options, *lock.target, "--group", lock.group,
        *(("-c", lock.held_to) if lock.held_to else ()), "-o", lock.path,
    ]  # fmt: skip
    environment = _environment(os.environ)
    subprocess.run(command, cwd=root, env=environment, check=True, timeout=SECONDS)  # noqa: S603 - the lines above


def _environment(caller: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in caller.items() if name not in FOREIGN}


def main() -> int:
    """Make all locks. Returns 0, or uv's exit code at the first that cannot be made."""
    for lock in LOCKS:
        print(f"{lock.path}: the group {lock.group}", flush=True)
        try:
            compile_lock(lock, sys.argv[1:])
        except subprocess.CalledProcessError as error:
            print(f"Failed: {lock.path} stays as it is; why stands above", file=sys.stderr)
            return error.returncode
        except subprocess.TimeoutExpired:
            print(f"Failed: {lock.path} took over {SECONDS} s; is the index there?", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
