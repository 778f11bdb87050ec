"""Many processes promote different versions at the same moment, over a real S3 protocol.

`python -m tests.bench.races` (`make bench-races`). In each round every process reads the champion, waits for
the others to have read it too, and then promotes a version of its own. One may win; the others must be told.
"""

import argparse
import multiprocessing
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.synchronize import Barrier
from time import perf_counter
from typing import NamedTuple

from functions.core.base.errors import Conflict
from functions.core.registry import deployment, versions
from functions.core.registry.keys import manifest_key, sha256
from functions.core.storage.contract import Store
from functions.core.storage.opening import open_store
from functions.core.storage.view import ModelStore
from functions.local.process.listening import HOST
from tests.sam.store import ADDRESS, served_store
from tests.support.titanic import MODEL

PATIENCE = 120


class _Start:
    """`line` is where a racer waits for the others. A process of the pool is given it once, at its start."""

    line: Barrier


class Attempt(NamedTuple):
    """What became of one process's promotion in one round."""

    round: int
    version: str
    sequence: int | None
    told: str | None


@contextmanager
def embedded_store() -> Iterator[Store]:
    """An empty store in a process of its own, to which this process and its children are led."""
    with served_store(HOST) as store:
        yield store
        store.disconnect()


def race(processes: int, rounds: int) -> list[Attempt]:
    """Let so many processes race so many times for the champion's place, in the store of this environment."""
    # Children of a server that has the modules loaded: fifty times the imports would take a minute.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["functions.core.registry.deployment", "functions.core.storage.s3", "tests.sam.store"]
    )
    aws = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    ready = (context.Barrier(processes), aws)
    with ProcessPoolExecutor(processes, context, initializer=_get_ready, initargs=ready) as pool:
        # A racer waits for all the others: no process can take two.
        jobs = [pool.submit(_race, racer, rounds) for racer in range(processes)]
        return [attempt for job in jobs for attempt in job.result(PATIENCE)]


def _get_ready(barrier: Barrier, environment: dict[str, str]) -> None:
    _Start.line = barrier
    os.environ.update(environment)


def _race(racer: int, rounds: int) -> list[Attempt]:
    store = ModelStore(open_store(ADDRESS), MODEL)
    return [_attempt(store, f"racer-{racer:02}-round-{number:02}", number) for number in range(rounds)]


def _attempt(store: ModelStore, version: str, number: int) -> Attempt:
    store.put(manifest_key(version), b"{}")
    versions.write_digest(store, version, sha256(b"{}"))
    expected = deployment.read_to_replace(store)
    _Start.line.wait(PATIENCE)
    try:
        champion = deployment.promote(store, version, expected=expected, by="race", reason="it was faster")
        attempt = Attempt(number, version, champion.sequence, None)
    except Conflict as conflict:
        attempt = Attempt(number, version, None, str(conflict))
    _Start.line.wait(PATIENCE)
    return attempt


def faults(store: Store, attempts: list[Attempt], rounds: int) -> list[str]:
    """What went wrong, if anything did: each round has one winner, and the history is that of the winners."""
    view, found = ModelStore(store, MODEL), []
    for number in range(rounds):
        won = [one.version for one in attempts if one.round == number and one.sequence is not None]
        if len(won) != 1:
            found.append(f"round {number} has {len(won)} winners: {won}")
    winners = {one.sequence: one.version for one in attempts if one.sequence is not None}
    if sorted(winners) != list(range(1, rounds + 1)):
        found.append(f"the sequence numbers are {sorted(winners)}")
    history = {one.sequence: one.version for one in deployment.history(view)}
    if history != winners:
        found.append(f"the history says {history}, the winners are {winners}")
    champion, _ = deployment.read_champion(view)
    if champion.version != winners.get(rounds):
        found.append(f"the champion is {champion.version}, the last winner {winners.get(rounds)}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--processes", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    began = perf_counter()
    with embedded_store() as store:
        attempts = race(options.processes, options.rounds)
        wrong = faults(store, attempts, options.rounds)
    told = sum(one.told is not None for one in attempts)
    print(
        f"{options.processes} processes, {options.rounds} rounds: {len(attempts) - told} promotions, "
        f"{told} told that another came first, {perf_counter() - began:.0f} s"
    )
    print("\n".join(wrong) or "one winner a round, numbers without gap or repeat, history complete")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
