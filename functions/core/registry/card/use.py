"""What a version is for, what it takes and what it answers."""

import json
import re
from collections.abc import Iterator

from functions.core.registry.card.blocks import Block, Bullets, Code, Heading, Paragraph, Table, Words
from functions.core.registry.card.figures import NONE, count, share
from functions.core.registry.manifest import Manifest
from functions.core.schema.schema import LARGEST, Contributor, Field, Schema
from functions.core.stats.records import Distribution


def said(manifest: Manifest, key: str) -> str:
    """A text for people in the schema's document; empty where it has none."""
    text = manifest.table_schema.get(key)
    return text.strip() if isinstance(text, str) else ""


def answer(value: object) -> str:
    """A value as it stands in JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def introduction(manifest: Manifest, schema: Schema) -> Iterator[Block]:
    title = said(manifest, "title")
    yield Heading(f"{title}: {manifest.name}" if title else manifest.name, 1)
    target, (row, _) = schema.target, schema.row_name
    yield Paragraph(
        (
            "Version ", Code(manifest.version), " of the model ", Code(manifest.name), ": ",
            f"{manifest.model}, which says for a {row} how probable it is that ", Code(target.name), " is ",
            Code(answer(target.answers[1])), f". Published {manifest.created_at:%Y-%m-%d %H:%M} UTC. ",
            "This card is written from the manifest of the version, which is never changed: whether it is in "
            "service, how its rows drift and how good it proves to be are told elsewhere (GET "
            "/models/champion and /monitoring/report).",
        )
    )  # fmt: skip


def intended_use(manifest: Manifest, schema: Schema) -> Iterator[Block]:
    yield Heading("Intended use")
    if description := said(manifest, "description"):
        yield from map(Paragraph, re.split(r"\n\s*\n", description))
    else:
        yield Paragraph(
            "Unknown: the schema has no description. Whoever decides by this model should first write down "
            "what it is for, and what it is not for, in the description of its schema."
        )
    yield Paragraph(
        "It was trained to predict this one outcome from rows of this one table. It finds what goes "
        "together in them, not what causes what; whether it may be used for a decision about a person is "
        "for its operator to settle, with the groups and limits below."
    )
    if schema.expectations:
        yield Paragraph("What its authors expect, and what the gate checks before it goes into service:")
        yield Bullets([expectation.because for expectation in schema.expectations])


def contact(schema: Schema) -> Iterator[Block]:
    """Who answers for the model, and to whom people can turn who are judged by it."""
    yield Heading("Who answers for it")
    if not schema.contributors:
        yield Paragraph(
            (
                "Not recorded: the schema names nobody under ", Code("contributors"), ". Whoever is judged "
                "by this model does not learn from its card to whom to complain.",
            )
        )  # fmt: skip
        return
    yield Bullets([_contributor(named) for named in schema.contributors])
    yield Paragraph(
        "To them somebody can turn who was judged by an answer of it, with the id that the answer has."
    )


def _contributor(named: Contributor) -> Words:
    name = f"{named.title}, {named.organization}" if named.organization else named.title
    ways = [Code(way) for way in (named.email, named.path) if way]
    listed = [part for way in ways for part in (", ", way)][1:]
    return (f"{name}: ", *listed)


def inputs_and_output(manifest: Manifest, schema: Schema) -> Iterator[Block]:
    yield Heading("Inputs and output")
    yield Table(
        ["field", "type", "required", "values allowed", "values in the data", "missing there", "meaning"],
        [_input(manifest, field) for field in schema.features],
    )
    for derived in schema.derived:
        yield Paragraph(
            (
                Code(derived.name), " is taken from the text ", Code(derived.source),
                " where it is not given; the text itself is never stored.",
            )
        )  # fmt: skip
    negative, positive = map(answer, schema.target.answers)
    yield Paragraph(
        (
            "The answer is the probability of ", Code(positive), " (0 to 1); above ",
            f"{manifest.threshold:g} it is ", Code(positive), ", else ", Code(negative), ".",
        )
    )  # fmt: skip


def _input(manifest: Manifest, field: Field) -> list[Words]:
    reference = manifest.reference.get(field.name)
    missing = share(reference.counts[-1], reference.rows) if reference else NONE
    seen = _seen(reference) if reference else NONE
    required = "yes" if field.required else "no"
    return [Code(field.name), field.type, required, _values(field), seen, missing, field.description or NONE]


def _seen(reference: Distribution) -> str:
    """Which values the representative rows have: the share of each category, or the ends of the range."""
    if reference.categories is not None:
        known = sum(reference.counts[:-1])
        counted = zip(reference.categories, reference.counts, strict=False)
        return ", ".join(f"{name} {share(rows, known)}" for name, rows in counted)
    return NONE if reference.least is None else f"{reference.least:g} to {reference.most:g}"


def _values(field: Field) -> Words:
    if field.categories is not None:
        return ", ".join(map(answer, field.categories))
    if field.type == "boolean":
        return "false, true"
    low = "" if field.minimum == -LARGEST else f"from {field.minimum:g}"
    high = "" if field.maximum == LARGEST else f"to {field.maximum:g}"
    return " ".join(filter(None, (low, high))) or "any"


def rows_in_words(rows: int, schema: Schema) -> str:
    return f"{count(rows)} {schema.row_name[rows != 1]}"
