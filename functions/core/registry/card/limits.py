"""What a version is not good for, and how to make it again."""

import shlex
from collections.abc import Iterator

from functions.core.registry.card.blocks import Block, Bullets, Code, Commands, Heading, Paragraph, Words
from functions.core.registry.card.figures import count, share
from functions.core.registry.card.use import said
from functions.core.registry.manifest import Manifest
from functions.core.schema.schema import Schema

# Of fewer rows, a metric's interval is about as wide as what one would want to see in it.
_FEW_ROWS = 100
_RARE = 0.05
_MUCH_MISSING = 0.2
# Of what `training train` takes.
_OPTIONS = ("seed", "folds", "repeats")


def limits(manifest: Manifest, schema: Schema) -> Iterator[Block]:
    yield Heading("Limits")
    yield Bullets([*_of_data(manifest), *_of_measuring(manifest, schema), *_of_use(manifest, schema)])


def _of_data(manifest: Manifest) -> Iterator[Words]:
    dataset = manifest.dataset
    rare = min(dataset.positives, dataset.rows - dataset.positives)
    if rare < _RARE * dataset.rows:
        yield f"One outcome is rare ({share(rare, dataset.rows)} of the rows): accuracy says little of it."
    for name, distribution in manifest.reference.items():
        missing = distribution.counts[-1]
        if name != "probability" and missing > _MUCH_MISSING * distribution.rows:
            yield (Code(name), f" is missing in {share(missing, distribution.rows)} of the rows.")
    if dataset.columns.missing:
        yield "Fields of the schema that the file did not have were never seen with a value in training."
    if dataset.rejected_rows:
        yield (
            f"{count(dataset.rejected_rows)} rows were left out; if they have something in common, it does "
            "not know such rows."
        )
    if dataset.lineage:
        yield "Part of the outcomes were told afterwards, of rows that people chose or were asked for."


def _of_measuring(manifest: Manifest, schema: Schema) -> Iterator[Words]:
    dataset = manifest.dataset
    if min(dataset.holdout_positives, dataset.holdout_rows - dataset.holdout_positives) < _FEW_ROWS:
        yield f"Held out are fewer than {_FEW_ROWS} rows of one outcome: the intervals are wide."
    few = [group for group, figures in manifest.slices.items() if figures.get("rows", 0) < _FEW_ROWS]
    if few:
        parts = [part for group in few for part in (", ", Code(group))][1:]
        yield (f"Groups of fewer than {_FEW_ROWS} held-out rows, whose figures are uncertain: ", *parts, ".")
    if not schema.slices:
        yield "Whether it does worse for some people than for others was not measured."
    yield (
        "The same held-out rows decide, version after version, which one goes into service: over many "
        "versions their figures come out a little too good."
    )
    yield "All figures are of rows like those it was trained with; of others, nothing is known."


def _of_use(manifest: Manifest, schema: Schema) -> Iterator[Words]:
    if not said(manifest, "description"):
        yield "What it is meant for is written down nowhere."
    yield (
        f"The threshold, {manifest.threshold:g}, was not chosen by what a wrong yes or a wrong no costs: "
        "whoever decides by the probability should choose one."
    )
    if not schema.contributors:
        yield "Who answers for the model, and to whom somebody can turn who is judged by it, is not recorded."
    yield "Values beyond those seen in training are answered all the same; the monitor counts them as drift."
    yield (
        "Each answer is logged with the features of its row and the id of who asked. How long that is kept, "
        "and whether who is judged by an answer was told so, is not recorded here."
    )
    yield (
        "No person looks at an answer before it is given: who may overrule one, and how somebody who is "
        "judged by it comes to that, is for whoever puts it to use to settle and to write down."
    )
    if not manifest.decision.promote:
        yield "The gate held it back: it serves only where somebody put it into service in spite of that."


def reproduction(manifest: Manifest) -> Iterator[Block]:
    dataset = manifest.dataset
    yield Heading("How to reproduce")
    yield Paragraph(
        "With the file of the SHA-256 above, the schema in the manifest as FILE.schema.json, the libraries "
        "below and the release of Lifeboat that made it, the same bytes are made, under the same version:"
    )
    file = dataset.key.rpartition("/")[2]
    settings = " ".join(
        f"--{name} {manifest.configuration[name]}" for name in _OPTIONS if name in manifest.configuration
    )
    schema = f"{file.partition('.')[0]}.schema.json"
    yield Commands(
        [
            f"python -m training train --dataset {shlex.quote(file)} --schema {shlex.quote(schema)} "
            f"--model {shlex.quote(manifest.name)} {settings}".rstrip()
        ]
    )
    yield Bullets([(Code(name), f" {version}") for name, version in manifest.libraries.items()])
    yield Paragraph("What was published, by its SHA-256:")
    yield Bullets(
        [
            (Code(name), " ", Code(file.sha256), f", {count(file.size)} bytes")
            for name, file in manifest.files.items()
        ]
    )
