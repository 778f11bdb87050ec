"""Lifeboat beside the servers that a user would pick instead: `make bench-peers`.

In each round every server is started, asked over one connection and over eight, weighed and stopped, one
after the other, so that whatever else the machine does meets all alike.
"""

import argparse
import sys
from collections import defaultdict
from pathlib import Path

from tests.bench.checkout import CannotRun
from tests.bench.figures import RESULTS, Figures
from tests.bench.load import find_wrk, load
from tests.bench.peers.environment import size_mib
from tests.bench.peers.subjects import Subject, subjects
from tests.bench.peers.table import COLD, LATENCY, MEMORY, RATE, Measured, print_table, to_figures
from tests.bench.server import DoesNotServe, Server, served
from tests.bench.stage import staged

ROUNDS, SECONDS = 7, 3
# A graph's probability may differ from its pipeline's by so much: what the certificate allows.
TOLERANCE = 1e-5


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.peers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"two or more, {ROUNDS} by default")
    rounds = parser.parse_args().rounds
    if rounds < 2:
        parser.error("quartiles need two rounds or more")
    try:
        find_wrk()
        with staged() as stage:
            folder = stage.scratch / "peers"
            folder.mkdir()
            compared = subjects(stage, folder)
            figures = measure(compared, folder, rounds, stage.version)
    except (CannotRun, RuntimeError) as reason:
        print(f"Cannot run here: {reason}", file=sys.stderr)
        return 1
    print_table(figures, [subject.name for subject in compared])
    figures.save()
    print(f"\nAll figures are in {RESULTS}")
    return 0


def measure(compared: list[Subject], folder: Path, rounds: int, python: str) -> Figures:
    """The figures of `rounds` rounds, after one that does not count: in it, all read from the disk.

    Raises `DoesNotServe` for a server that gives no answer, or another than the first one.
    """
    found: Measured = {subject.name: defaultdict(list) for subject in compared}
    expected: float | None = None
    for round_ in range(rounds + 1):
        for subject in compared:
            print(f"Round {round_} of {rounds}: {subject.name} ...", flush=True)
            own = served(subject.command, subject.environment, folder, path=subject.path, body=subject.body)
            with own as server:
                probability = subject.read(server.answer)
                expected = probability if expected is None else expected
                if abs(probability - expected) > TOLERANCE:
                    raise DoesNotServe(f"{subject.name} says {probability}, not {expected}")
                if round_:
                    _measure_once(server, subject.body, found[subject.name])
    return to_figures(found, {one.name: sum(map(size_mib, one.installed)) for one in compared}, python)


def _measure_once(server: Server, body: str, found: dict[str, list[float]]) -> None:
    # What a server does only at its first requests is not part of its pace.
    load(server.url, connections=8, seconds=1, body=body)
    one = load(server.url, connections=1, seconds=SECONDS, body=body)
    eight = load(server.url, connections=8, seconds=SECONDS, body=body)
    found[COLD].append(server.seconds)
    found[LATENCY].append(one.p50 * 1000)
    found[RATE].append(eight.rate)
    found[MEMORY].append(server.memory_mib())


if __name__ == "__main__":
    sys.exit(main())
