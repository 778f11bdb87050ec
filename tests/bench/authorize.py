"""Does the time of a refusal tell whether an id exists? `make bench-authorize`.

The authorizer is asked with wrong secrets for ids that exist and for ids that do not, in turns, so that
whatever else the machine does meets both alike. Wrong secrets are timed twice, as two kinds: what differs
between those is the noise of the measurement.
"""

import os
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path

from functions.authorize.allowance import Allowance
from functions.authorize.authorize import authorize
from functions.authorize.keyring import KeyRing
from functions.authorize.login import Login
from functions.authorize.settings import AuthorizeSettings
from functions.core.identity.keys import make_key, write_keys
from functions.core.storage.file_parameter import FileParameter
from tests.bench.figures import Figures

KEYS = 40
ROUNDS = 101
CALLS = 200
WRONG, UNKNOWN, AGAIN = "wrong secret", "unknown id", "wrong secret, again"


def main() -> int:
    now = datetime.now(UTC)
    made = [make_key(["predict"], "bench", now) for _ in range(KEYS)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "keys.json")
        path.write_text(write_keys({key.id: key for _, key in made}, now))
        ring = KeyRing(FileParameter(str(path)), refresh_seconds=3600, grace_seconds=3600)
        wrong = [f"lb_{key.id}_{secrets.token_hex(32)}" for _, key in made]
        unknown = [f"lb_{secrets.token_hex(4)}_{secrets.token_hex(32)}" for _ in made]
        kinds = {
            "valid key": [text for text, _ in made],
            WRONG: wrong,
            UNKNOWN: unknown,
            AGAIN: wrong,
        }
        asks = {name: _asking(ring, texts, now) for name, texts in kinds.items()}
        seconds: dict[str, list[float]] = {name: [] for name in kinds}
        with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
            for _ in range(ROUNDS):
                for name, ask in asks.items():
                    seconds[name].append(_seconds(ask))
    figures = Figures("authorize")
    for name, times in seconds.items():
        figures.add(name, times)
    for name in (UNKNOWN, AGAIN):
        ratios = [other / own for own, other in zip(seconds[WRONG], seconds[name], strict=True)]
        figures.note(f"{name}, % of {WRONG}", statistics.median(ratios) * 100)
    figures.print_table("An answer of the authorizer, us", scale=1e6)
    return 0


def _asking(ring: KeyRing, texts: list[str], now: datetime) -> Callable[[], object]:
    """Asks about the next of `texts` each time it is called."""
    events = cycle([{"headers": {"x-api-key": text}, "rawQueryString": ""} for text in texts])
    # A refusal that is told why, each time.
    allowance = Allowance(burst=1, per_second=1e9)
    login = Login(AuthorizeSettings(keys=""))
    return lambda: authorize(next(events), ring, login, now, allowance)


def _seconds(ask: Callable[[], object]) -> float:
    started = time.perf_counter()
    for _ in range(CALLS):
        ask()
    return (time.perf_counter() - started) / CALLS


if __name__ == "__main__":
    sys.exit(main())
