"""Reads a schema from its document, and names every fault in it: in which field, and what to do."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from functions.core.base.errors import LifeboatError
from functions.core.schema.document.aliases import parse_aliases
from functions.core.schema.document.derivations import parse_derived
from functions.core.schema.document.fields import parse_fields
from functions.core.schema.document.findings import Findings
from functions.core.schema.document.target import parse_target
from functions.core.schema.missing_words import MISSING_WORDS
from functions.core.schema.rows import RowReader
from functions.core.schema.schema import RESERVED, Contributor, Expectation, Field, License, Schema, fold

TWO_CLASS = "two-class"
# Of objects and lists in one another: what keeps a document has limits of its own.
MAX_DEPTH = 50


class InvalidSchema(LifeboatError):
    """A schema that does not fit. `faults` are sentences, each with the field and what to do."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("the schema does not fit: " + "; ".join(self.faults))


def read_schema(body: bytes) -> Schema:
    """A schema from its JSON. Raises `InvalidSchema`."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidSchema(["it is not JSON in UTF-8"]) from None
    return parse_schema(document)


def parse_schema(document: object) -> Schema:
    """A schema from its document. Raises `InvalidSchema` with every fault that was found."""
    return _Parser(document).schema()


class _Parser:
    """Reads one document and collects what is wrong with it."""

    def __init__(self, document: object) -> None:
        # What pandas writes holds the rows beside the schema.
        if isinstance(document, dict) and isinstance(document.get("schema"), dict):
            document = document["schema"]
        if not isinstance(document, dict):
            raise InvalidSchema(['it is no object; a schema begins with {"fields": [...], "target": ...}'])
        if why := objection_to_document(document):
            raise InvalidSchema([why])
        self._document: dict[str, Any] = document
        self._findings = Findings()

    def schema(self) -> Schema:
        document, findings = self._document, self._findings
        fields = parse_fields(document.get("fields"), findings)
        names = {field.name: field for field in fields}
        ignored = self._ignored(names)
        field_aliases, value_aliases = parse_aliases(document.get("aliases", {}), names, findings)
        derived = parse_derived(document.get("derived", []), names, findings)
        target = parse_target(document.get("target"), names, value_aliases, findings)
        slices = self._slices(names)
        expectations = self._expectations()
        missing = self._words("missingValues", MISSING_WORDS)
        row_name, licenses, contributors = self._row_name(), self._licenses(), self._contributors()
        if (task := document.get("task", TWO_CLASS)) != TWO_CLASS:
            findings.fault(f"task is {task!r}; only {TWO_CLASS} can be trained so far")
        findings.notes += [f"the key {key} is not used" for key in document if key not in _KNOWN_KEYS]
        if findings.faults or target is None:
            raise InvalidSchema(findings.faults)
        schema = Schema(
            document=document,
            fields=tuple(fields),
            target=target,
            field_aliases=field_aliases,
            value_aliases=value_aliases,
            # Lifeboat itself writes an empty cell where a value is missing.
            missing=frozenset({"", *map(str.casefold, missing)}),
            derived=derived,
            ignored=ignored,
            slices=slices,
            expectations=expectations,
            row_name=row_name,
            licenses=licenses,
            contributors=contributors,
            notes=tuple(findings.notes),
        )
        self._check_whole(schema)
        if findings.faults:
            raise InvalidSchema(findings.faults)
        return schema

    def _ignored(self, names: Mapping[str, Field]) -> tuple[str, ...]:
        ignored = [*self._words("ignored", ())]
        keys = self._document.get("primaryKey", [])
        for key in [keys] if isinstance(keys, str) else keys if isinstance(keys, list) else []:
            if isinstance(key, str) and key in names and key not in ignored:
                self._findings.notes.append(f"{key} is the primary key, and so no feature")
                ignored.append(key)
        return tuple(ignored)

    def _slices(self, names: Mapping[str, Field]) -> tuple[str, ...]:
        slices = self._words("slices", ())
        for name in slices:
            if name not in names or (names[name].categories is None and names[name].type != "boolean"):
                self._findings.fault(f"slices: {name} is none of the fields that have categories")
        return slices

    def _words(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        words = self._document.get(key, default)
        if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
            self._findings.fault(f"{key} is no list of texts")
            return default
        return tuple(words)

    def _expectations(self) -> tuple[Expectation, ...]:
        listed = self._document.get("expectations", [])
        expectations = []
        for item in listed if isinstance(listed, list) else [None]:
            parts = [
                item.get(key) if isinstance(item, dict) else None for key in ("likelier", "than", "because")
            ]
            if isinstance(parts[0], dict) and isinstance(parts[1], dict) and isinstance(parts[2], str):
                expectations.append(Expectation(parts[0], parts[1], parts[2]))
            else:
                self._findings.fault(
                    "expectations: each has the rows likelier and than, and because, a sentence"
                )
        return tuple(expectations)

    def _row_name(self) -> tuple[str, str]:
        words = self._document.get("rowName", {})
        if isinstance(words, dict):
            singular, plural = words.get("one", "row"), words.get("many", "rows")
            if isinstance(singular, str) and isinstance(plural, str) and singular and plural:
                return singular, plural
        self._findings.fault(
            'rowName says what a row and rows are called: {"one": "customer", "many": "customers"}'
        )
        return "row", "rows"

    def _licenses(self) -> tuple[License, ...]:
        licenses = self._texts("licenses", License._fields)
        if all(item.get("name") or item.get("path") for item in licenses):
            return tuple(License(**item) for item in licenses)
        self._findings.fault(
            'licenses: each has a name or a path, texts: [{"name": "CC-BY-4.0", "path": "https://..."}]'
        )
        return ()

    def _contributors(self) -> tuple[Contributor, ...]:
        """Those who can be named and reached. Others are passed over, and said: it is for people only, and a
        version that was published with it is to be served."""
        contributors = self._texts("contributors", Contributor._fields)
        known = [
            item for item in contributors if item.get("title") and (item.get("email") or item.get("path"))
        ]
        if len(known) < len(contributors):
            self._findings.notes.append(
                "contributors without a title, and an email or a path, are not used: "
                '[{"title": "Risk team", "email": "risk@example.org"}]'
            )
        return tuple(Contributor(**item) for item in known)

    def _texts(self, key: str, names: Sequence[str]) -> list[dict[str, str]]:
        """The texts by these names in each object of a list; an empty object for what is none."""
        listed = self._document.get(key, [])
        objects = []
        for item in listed if isinstance(listed, list) else [None]:
            texts = {name: item.get(name, "") for name in names} if isinstance(item, dict) else {}
            objects.append(texts if all(isinstance(text, str) for text in texts.values()) else {})
        return objects

    def _check_whole(self, schema: Schema) -> None:
        """Find what can only be told of a schema as a whole."""
        if not schema.features:
            self._findings.fault("no field is left to predict from; ignore fewer")
        if schema.target.name in schema.sources:
            self._findings.fault(f"derived: no feature can be made of the target {schema.target.name}")
        self._check_names(schema)
        for name in schema.slices:
            if name not in schema.names:
                self._findings.fault(
                    f"slices: {name} is no feature; the gate judges by what the model is given"
                )
        for field in schema.features:
            if field.type == "string" and not field.categories:
                self._findings.fault(
                    f"{field.name} is a text without categories: list its categories, or ignore it"
                )
        if schema.expectations and not self._findings.faults:
            self._check_expectations(schema)

    def _check_names(self, schema: Schema) -> None:
        reserved = {fold(name) for name in RESERVED}
        taken: dict[str, str] = {}
        for name in (*schema.names, *schema.sources, schema.target.name):
            if fold(name) in reserved:
                self._findings.fault(
                    f"{name}: Lifeboat has a column of that name itself; rename it, or ignore it"
                )
            aliases = schema.field_aliases.get(name, ())
            for alias in aliases:
                if fold(alias) in reserved:
                    self._findings.fault(f"aliases.fields.{name}: Lifeboat has a column {alias} itself")
            for spelling in (name, *aliases):
                if taken.setdefault(fold(spelling), name) != name:
                    self._findings.fault(
                        f"{spelling} stands for {taken[fold(spelling)]} and for {name}; it can stand for one"
                    )

    def _check_expectations(self, schema: Schema) -> None:
        reader = RowReader(schema)
        for expectation in schema.expectations:
            for row in (expectation.likelier, expectation.than):
                self._findings.faults += [
                    f"expectations: {fault.field or 'a row'} {fault.msg}" for fault in reader.read(row).faults
                ]


_KNOWN_KEYS = frozenset(
    {
        "$schema", "name", "title", "description", "fields", "fieldsMatch", "primaryKey", "pandas_version",
        "missingValues", "target", "task", "aliases", "derived", "ignored", "slices", "expectations",
        "rowName", "licenses", "contributors",
    }
)  # fmt: skip


def objection_to_document(document: Mapping[str, Any]) -> str:
    """Say why a document cannot be kept as JSON that anybody reads; empty when it can."""
    level: list[Any] = [document]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
    if level:
        return f"its objects and lists stand more than {MAX_DEPTH} deep in one another"
    try:
        json.dumps(document, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, TypeError):
        return "it holds what JSON in UTF-8 cannot: a number that is not finite, or half a character"
    return ""
