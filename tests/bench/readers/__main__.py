"""What a cold start waits for its model, by each way to read S3: `make bench-readers`.

The project's own reader, botocore's signer with the standard library's HTTP, obstore, and the SDK read the
record, the manifest and the graph of a champion in new processes, in turns: over plain HTTP, and over TLS as
from S3 itself, with as many authorities to trust as a machine has.
"""

import argparse
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from functions.core.registry.deployment import read_champion
from functions.core.storage.view import ModelStore
from tests.bench.checkout import CannotRun, run_script
from tests.bench.figures import Figures
from tests.bench.peers.environment import environment, packages
from tests.bench.readers.tls import behind_tls
from tests.bench.stage import Stage, staged
from tests.sam.store import BUCKET
from tests.support.titanic import MODEL

ROUNDS = 15
LOCK = Path(__file__).with_name("obstore.txt")
# The first is what the others are compared with.
WAYS = {
    "project": "the project's reader",
    "signer": "botocore's signer, http.client",
    "obstore": "obstore",
    "sdk": "the SDK",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.readers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds
    try:
        with staged() as stage, ExitStack() as stack:
            installed = packages(environment("obstore", LOCK, stage.python))
            plain = stage.environment("PredictFunction")
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            authorities = stage.bundle("PredictFunction") / "botocore" / "cacert.pem"
            port = urlsplit(plain["AWS_ENDPOINT_URL"]).port or 80
            address, trusted = stack.enter_context(behind_tls(port, folder, authorities))
            secure = plain | {
                "AWS_ENDPOINT_URL": address,
                "SSL_CERT_FILE": str(trusted),
                "AWS_CA_BUNDLE": str(trusted),
            }
            for title, settings in {"plain HTTP": plain, "TLS": secure}.items():
                measure(stage, installed, settings, rounds).print_table(f"Reading a model over {title}, ms")
    except CannotRun as reason:
        print(f"Cannot run here: {reason}", file=sys.stderr)
        return 1
    return 0


def measure(stage: Stage, installed: Path, settings: Mapping[str, str], rounds: int) -> Figures:
    """The figures of so many rounds, after one that does not count: in it, all read from the disk."""
    version = read_champion(ModelStore(stage.store, MODEL))[0].version
    keys = [
        f"registry/{MODEL}/champion.json",
        *(f"models/{MODEL}/{version}/{name}" for name in ("manifest.json", "model.onnx")),
    ]
    seconds: defaultdict[str, list[float]] = defaultdict(list)
    processor: defaultdict[str, list[float]] = defaultdict(list)
    for round_ in range(rounds + 1):
        for way in WAYS:
            command = stage.command("read", stage.bundle("PredictFunction"), installed, way, BUCKET, *keys)
            marks = run_script(command, settings)
            if round_:
                seconds[way].append(marks["read"] - marks["imported"])
                processor[way].append(marks["processor"])
    figures = Figures("readers", stage.version)
    for way, name in WAYS.items():
        figures.add(name, seconds[way])
        later = [own - ours for own, ours in zip(seconds[way], seconds["project"], strict=True)]
        figures.note(f"{name}: later than the project's, ms", median(later) * 1000)
        figures.note(f"{name}: of the processor, ms", median(processor[way]) * 1000)
    return figures


if __name__ == "__main__":
    sys.exit(main())
