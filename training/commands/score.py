"""The command that scores files."""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tqdm import tqdm

from functions.core.base.errors import InvalidInput
from functions.core.schema.tables.header import listed
from training.commands.models import model_named
from training.scoring.cluster import cluster_crew
from training.scoring.crew import Crew, local_crew
from training.scoring.files import Moved, Scored, plan_files, score_file
from training.scoring.model import ScoringModel, read_scoring_model
from training.table.parallel import allowed_cores

# Between two lines about how far it is, where there is no terminal.
_SECONDS = 10.0


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the command takes, beside --store."""
    parser.add_argument(
        "sources",
        nargs="+",
        metavar="IN",
        help="tables in CSV, CSV in gzip or Parquet, or folders of them: paths, or s3://bucket/key "
        "(AWS_ENDPOINT_URL is honoured), where a key that ends with / is a folder",
    )
    parser.add_argument(
        "target",
        type=Path,
        metavar="OUT",
        help="the file that the answers go to as CSV, in gzip where it ends with .gz; of several, a folder",
    )
    parser.add_argument("--model", metavar="NAME", help="which scores; if not given, the only model there is")
    parser.add_argument(
        "--explain",
        action="store_true",
        help="add what each feature contributed to the probability; takes some thousand times as long",
    )
    parser.add_argument("--version", help="of the model; if not given, the one in service")
    parser.add_argument(
        "--workers",
        type=int,
        default=allowed_cores(),
        metavar="N",
        help="processes that score, each on a core",
    )
    parser.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="score on Dask: `local` for --workers of its processes here, or a scheduler's tcp://host:port",
    )
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    planned = plan_files(options.sources, options.target)
    named = model_named(options.store, options.model)
    model = read_scoring_model(named, options.version, explained=options.explain)
    failed = 0
    with _crew(options, model) as crew:
        for source, target in planned:
            try:
                with _progress(source.name) as moved:
                    scored = score_file(
                        source, target, model.reader(), crew, moved, explained=options.explain
                    )
            except InvalidInput as error:
                # The next file may be better.
                print(f"refused: {source}: {error}", file=sys.stderr)
                failed += 1
            else:
                _print_scored(scored, target, model)
    if len(planned) > 1:
        print(f"{len(planned) - failed} of {len(planned)} files are scored")
    return int(failed > 0)


def _crew(options: argparse.Namespace, model: ScoringModel) -> AbstractContextManager[Crew]:
    if options.workers < 1:
        raise InvalidInput(f"--workers has to be at least 1, got {options.workers}")
    if options.cluster is None:
        return local_crew(model, options.workers)
    return cluster_crew(model, options.cluster, options.workers)


def _print_scored(scored: Scored, target: Path, model: ScoringModel) -> None:
    report = scored.report
    for what, names in (
        ("used", report.used),
        ("passed over", report.passed_over),
        ("missing", report.missing),
    ):
        if names:
            print(f"columns {what}: {listed(names)}")
    for note in report.notes:
        print(f"note: {note}")
    print(f"{target}: {scored.rows:,} rows, scored by version {model.version} of {model.name}")
    if scored.bad:
        print(f"{scored.bad:,} of them were not: the last column says why")


@contextmanager
def _progress(name: str) -> Iterator[Moved]:
    """A bar on a terminal, now and then a line elsewhere."""
    if sys.stderr.isatty():
        with tqdm(desc=name, unit=" rows", unit_scale=True, leave=False) as bar:

            def move(done: int, of: int) -> None:
                bar.total = max(of, done)
                bar.update(done - bar.n)

            yield move
        return
    began = said = time.monotonic()

    def line(done: int, of: int) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said >= _SECONDS:
            said = now
            rate = done / (now - began)
            print(f"{name}: {done:,} of {of:,} rows, {rate:,.0f} a second", file=sys.stderr, flush=True)

    yield line
