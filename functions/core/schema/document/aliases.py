"""Reads the other names that a schema has for its fields, and the other words for their values."""

from collections.abc import Mapping
from typing import Any

from functions.core.schema.document.findings import Findings
from functions.core.schema.schema import Field


def parse_aliases(
    document: object, names: Mapping[str, Field], findings: Findings
) -> tuple[dict[str, tuple[str, ...]], dict[str, dict[str, str]]]:
    """Other names of each field; and of each field the category by other words, folded.

    document: what a schema has under `aliases`.
    """
    if not isinstance(document, dict):
        findings.fault('aliases is no object; write {"aliases": {"fields": {...}, "values": {...}}}')
        return {}, {}
    return _other_names(document, names, findings), _other_words(document, names, findings)


def _other_names(
    document: Mapping[str, Any], names: Mapping[str, Field], findings: Findings
) -> dict[str, tuple[str, ...]]:
    fields: dict[str, tuple[str, ...]] = {}
    for name, spellings in _by_field(document, "fields", names, findings).items():
        listed = [spellings] if isinstance(spellings, str) else spellings
        if not isinstance(listed, list) or not all(isinstance(text, str) and text.strip() for text in listed):
            findings.fault(f"aliases.fields.{name} is no list of other names")
            continue
        fields[name] = tuple(listed)
    return fields


def _other_words(
    document: Mapping[str, Any], names: Mapping[str, Field], findings: Findings
) -> dict[str, dict[str, str]]:
    values: dict[str, dict[str, str]] = {}
    for name, words in _by_field(document, "values", names, findings).items():
        known = {word.casefold(): word for word in map(str, names[name].categories or ())}
        if not isinstance(words, dict):
            findings.fault(f"aliases.values.{name} is no object of words and the categories they stand for")
            continue
        for word, category in words.items():
            if str(category).casefold() not in known:
                findings.fault(f"aliases.values.{name}: {category} is none of its categories")
                continue
            values.setdefault(name, {})[str(word).strip().casefold()] = known[str(category).casefold()]
    return values


def _by_field(
    document: Mapping[str, Any], key: str, names: Mapping[str, Field], findings: Findings
) -> dict[str, Any]:
    given = document.get(key, {})
    if not isinstance(given, dict):
        findings.fault(f"aliases.{key} is no object")
        return {}
    for name in given:
        if name not in names:
            findings.fault(f"aliases.{key}: {name} is none of the fields")
    return {name: value for name, value in given.items() if name in names}
