"""How far a command is, on standard error."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tqdm import tqdm

# scikit-learn takes seconds to import.
if TYPE_CHECKING:
    from training.model.evaluation import Progress


@contextmanager
def shown_progress() -> "Iterator[Progress]":
    """A bar on a terminal, a line a step elsewhere; no step begins after Ctrl-C."""
    stopped = False

    def stop(_number: int, _frame: object) -> None:
        nonlocal stopped
        stopped = True
        raise KeyboardInterrupt

    # What is raised while a library is called back from C is lost there: so each step asks once more.
    before = signal.signal(signal.SIGINT, stop)
    try:
        with _shown() as show:

            def step(step_name: str, done: int, of: int) -> None:
                if stopped:
                    raise KeyboardInterrupt
                show(step_name, done, of)

            yield step
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _shown() -> "Iterator[Progress]":
    if not sys.stderr.isatty():
        last = ""

        def line(step_name: str, done: int, of: int) -> None:
            nonlocal last
            if step_name != last:
                print(f"[{done}/{of}] {step_name}", file=sys.stderr, flush=True)
            last = step_name

        yield line
        return
    with tqdm(leave=False, bar_format="{desc:28} {bar} {n_fmt}/{total_fmt}") as bar:

        def move(step_name: str, done: int, of: int) -> None:
            bar.total = of
            bar.n = done
            bar.set_description_str(step_name)

        yield move
