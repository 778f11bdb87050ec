"""The predict function's cold start inside Lambda's runtime emulator: `make bench-sam`.

The bundle that `make build` made, run by `sam local invoke`, a new container each time. What counts is the
duration that the emulator reports: imports, fetch and first prediction; not the start of the container, which
says nothing about Lambda.
"""

import sys

from tests.bench.figures import Figures
from tests.bench.stage import EVENT, train_champion
from tests.sam.image import provide_image
from tests.sam.sam_cli import SAM, TEMPLATE, invoke
from tests.sam.store import served_store
from tests.support.engine import Engine, running_engine
from tests.support.machine import Unavailable

ROUNDS = 9


def main() -> int:
    for path, target in ((SAM, "installed-sam"), (TEMPLATE, "build")):
        if not path.exists():
            print(f"{path} is missing: make {target}", file=sys.stderr)
            return 1
    try:
        with running_engine() as engine:
            image = provide_image(engine)
            with served_store(engine.gateway()) as store:
                train_champion(store)
                figures = _measure(engine)
    except Unavailable as reason:
        print(f"Cannot run here: {reason}", file=sys.stderr)
        return 1
    figures.print_table(f"A cold start in Lambda's runtime emulator ({image}), ms")
    figures.save()
    return 0


def _measure(engine: Engine) -> Figures:
    seconds, peaks = [], []
    for round_ in range(ROUNDS + 1):
        invocation = invoke(engine, "PredictFunction", EVENT)
        if invocation.answer["statusCode"] != 200:
            raise RuntimeError(f"the function answered {invocation.answer}")
        if round_:
            # The first one reads from the disk, the others from memory.
            seconds.append(invocation.seconds)
            peaks.append(invocation.memory.peak)
    figures = Figures("sam", "3.13")
    figures.add("duration of a cold invocation", seconds)
    figures.note("memory at its peak, MiB", max(peaks) / 2**20)
    return figures


if __name__ == "__main__":
    sys.exit(main())
