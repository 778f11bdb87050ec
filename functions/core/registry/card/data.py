"""What a version was made from, and how its model was chosen."""

from collections.abc import Iterator

from functions.core.registry.card.blocks import Block, Bullets, Code, Heading, Paragraph, Table, Words
from functions.core.registry.card.figures import count, figure, metric_name, share
from functions.core.registry.card.use import rows_in_words
from functions.core.registry.manifest import Lineage, Manifest
from functions.core.schema.schema import License, Schema


def data(manifest: Manifest, schema: Schema) -> Iterator[Block]:
    dataset, columns = manifest.dataset, manifest.dataset.columns
    yield Heading("Data")
    yield Bullets(
        [
            ("File: ", Code(dataset.key), *_of_version(dataset.version_id)),
            ("SHA-256: ", Code(dataset.sha256)),
            (
                f"Uploaded {dataset.uploaded_at:%Y-%m-%d %H:%M} UTC by ",
                Code(dataset.uploaded_by) if dataset.uploaded_by else "somebody who is not named",
            ),
            f"{rows_in_words(dataset.rows, schema)}, of which {count(dataset.positives)} "
            f"({share(dataset.positives, dataset.rows)}) have the positive value; "
            f"{count(dataset.rejected_rows)} more were left out because they do not fit the schema",
            ("Columns used: ", *_names(columns.used)),
            ("Passed over: ", *_names(columns.passed_over)),
            ("In the schema, and not in the file: ", *_names(columns.missing)),
            ("License of the data: ", *_licenses(schema)),
        ]
    )  # fmt: skip
    yield Paragraph(
        "Where the rows come from, when and by whom they were collected, whether the people in them agreed, "
        "and whom they leave out, no manifest can tell: ask whoever uploaded the file."
    )
    yield Paragraph(
        "Rows of it are kept with the version, as the model is given them, without the texts that a category "
        f"was derived from: held-out ones in holdout.json, and {_background_rows(manifest)} of the training "
        "side in its manifest, by which answers are explained."
    )
    if dataset.lineage:
        yield Paragraph(_lineage(dataset.lineage))


def _background_rows(manifest: Manifest) -> int:
    return len(next(iter(manifest.background.values()), []))


def _of_version(version_id: str | None) -> tuple[str | Code, ...]:
    return (", version ", Code(version_id), " of that object") if version_id else ()


def _names(names: list[str]) -> tuple[str | Code, ...]:
    parts = [part for name in names for part in (", ", Code(name))]
    return tuple(parts[1:]) or ("none",)


def _licenses(schema: Schema) -> tuple[str | Code, ...]:
    if not schema.licenses:
        return ("unknown: the schema names none under ", Code("licenses"))
    parts = [part for license_ in schema.licenses for part in ("; ", *_license(license_))]
    return tuple(parts[1:])


def _license(license_: License) -> Iterator[str | Code]:
    if license_.name:
        yield Code(license_.name)
    if license_.title:
        yield f" {license_.title}" if license_.name else license_.title
    if license_.path:
        yield " " if license_.name or license_.title else ""
        yield Code(license_.path)


def _lineage(lineage: Lineage) -> Words:
    return (
        "The file was put together by Lifeboat: the rows of ", Code(lineage.reference_key), " (SHA-256 ",
        Code(lineage.reference_sha256), f") and {count(lineage.labels)} predictions whose outcome was told "
        f"later, while ", Code(lineage.champion), f" was in service. Why: {lineage.reason}",
    )  # fmt: skip


def split(manifest: Manifest) -> Iterator[Block]:
    dataset = manifest.dataset
    neither = dataset.rows - dataset.train_rows - dataset.holdout_rows
    yield Heading("Split")
    yield Table(
        ["side", "rows", "with the positive value", "share"],
        [
            ["trained on", count(dataset.train_rows), count(dataset.train_positives),
             share(dataset.train_positives, dataset.train_rows)],
            ["held out", count(dataset.holdout_rows), count(dataset.holdout_positives),
             share(dataset.holdout_positives, dataset.holdout_rows)],
        ],
    )  # fmt: skip
    yield Paragraph(
        "A row's side is a hash of its values: equal rows are on the same side, and a row keeps its side in "
        "every dataset. It is a split at random, not by time or place: how the model does on rows of a later "
        f"time or another place was not measured. Rows on neither side: {count(neither)}; rows that may be "
        f"measured by: {count(dataset.representative_rows)}."
    )


def candidates(manifest: Manifest) -> Iterator[Block]:
    yield Heading("Candidates")
    if not manifest.selection:
        yield Paragraph(f"There was one: {manifest.model}.")
    else:
        names = list(dict.fromkeys(name for figures in manifest.selection.values() for name in figures))
        ranked = sorted(manifest.selection.items(), key=lambda item: item[1].get("log_loss", 0))
        yield Paragraph(
            "Cross-validated on the rows to be trained on; the best by log loss was fitted to all."
        )
        yield Table(
            ["candidate", *map(metric_name, names)],
            [
                [
                    f"{name} (chosen)" if name == manifest.model else name,
                    *(figure(values.get(key)) for key in names),
                ]
                for name, values in ranked
            ],
        )  # fmt: skip
    if manifest.notes:
        yield Bullets(manifest.notes)
    if manifest.configuration:
        settings = [(Code(name), f": {value}") for name, value in manifest.configuration.items()]
        yield Bullets(settings)
