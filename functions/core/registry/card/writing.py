"""Writes the card of a version from its manifest and nothing else: the same bytes each time.

Its parts are those of Mitchell et al. (2019), "Model Cards for Model Reporting", FAT* '19.
"""

from collections.abc import Iterator

from functions.core.registry.card import data, limits, quality, use
from functions.core.registry.card.blocks import Block
from functions.core.registry.card.markdown import write_markdown
from functions.core.registry.card.metadata import metadata
from functions.core.registry.card.page import write_page
from functions.core.registry.manifest import Manifest


def markdown_card(manifest: Manifest) -> str:
    """The card in Markdown, with the metadata of the Hugging Face Hub and skops at its head."""
    return f"{metadata(manifest, manifest.schema_of_rows)}\n{write_markdown(_blocks(manifest))}"


def html_card(manifest: Manifest) -> str:
    """The card as a page of its own."""
    return write_page(f"{manifest.name} {manifest.version}", _blocks(manifest))


def _blocks(manifest: Manifest) -> Iterator[Block]:
    schema = manifest.schema_of_rows
    yield from use.introduction(manifest, schema)
    yield from use.intended_use(manifest, schema)
    yield from use.contact(schema)
    yield from use.inputs_and_output(manifest, schema)
    yield from data.data(manifest, schema)
    yield from data.split(manifest)
    yield from data.candidates(manifest)
    yield from quality.quality(manifest)
    yield from quality.groups(manifest, schema)
    yield from quality.calibration(manifest)
    yield from quality.contributions(manifest)
    yield from quality.certificate(manifest)
    yield from quality.decision(manifest)
    yield from limits.limits(manifest, schema)
    yield from limits.reproduction(manifest)
