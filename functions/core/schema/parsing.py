"""Reads a schema from its document, and names every fault in it: in which field, and what to do."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from functions.core.base.errors import LifeboatError
from functions.core.schema.rows import RowReader
from functions.core.schema.schema import (
    LARGEST,
    MAX_TEXT,
    RESERVED,
    Derived,
    Expectation,
    Field,
    Schema,
    fold,
)
from functions.core.schema.target import (
    Target,
    Word,
    target_of_booleans,
    target_of_numbers,
    target_of_words,
)

TWO_CLASS = "two-class"
# Keys of an answer: a target of that name would be taken for one of them.
RESERVED_FOR_TARGETS = ("explanation", "model", "row", "threshold")

MAX_FIELDS = 1_000
MAX_CATEGORIES = 1_000
MAX_NAME = 100
MAX_PATTERN = 200
# Of objects and lists in one another: what keeps a document has limits of its own.
MAX_DEPTH = 50

# What spreadsheets, R, pandas, SQL and ARFF write into an empty cell.
MISSING_WORDS = (
    "",
    "#N/A",
    "#N/A N/A",
    "#NA",
    "-",
    "--",
    "-1.#IND",
    "-1.#QNAN",
    "-NaN",
    "-nan",
    ".",
    "1.#IND",
    "1.#QNAN",
    "<NA>",
    "?",
    "N/A",
    "NA",
    "NA_character_",
    "NA_integer_",
    "NA_real_",
    "NULL",
    "NaN",
    "NaT",
    "None",
    "\\N",
    "missing",
    "n/a",
    "nan",
    "null",
)


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
        if why := _objection_to_document(document):
            raise InvalidSchema([why])
        self.document: dict[str, Any] = document
        self.faults: list[str] = []
        self.notes: list[str] = []

    def schema(self) -> Schema:
        fields = self._fields()
        names = {one.name: one for one in fields}
        ignored = self._ignored(names)
        field_aliases, value_aliases = self._aliases(names)
        derived = self._derived(names)
        target = self._target(names, value_aliases)
        slices = self._names("slices", names)
        expectations = self._expectations()
        missing = self._words("missingValues", MISSING_WORDS)
        row_name = self._row_name()
        if (task := self.document.get("task", TWO_CLASS)) != TWO_CLASS:
            self._fault(f"task is {task!r}; only {TWO_CLASS} can be trained so far")
        self.notes += [f"the key {key} is not used" for key in self.document if key not in _KNOWN_KEYS]
        if self.faults or target is None:
            raise InvalidSchema(self.faults)
        schema = Schema(
            document=self.document,
            fields=tuple(fields),
            target=target,
            field_aliases=field_aliases,
            value_aliases=value_aliases,
            missing=frozenset(map(str.casefold, missing)),
            derived=derived,
            ignored=ignored,
            slices=slices,
            expectations=expectations,
            row_name=row_name,
            notes=tuple(self.notes),
        )
        self._check_whole(schema)
        if self.faults:
            raise InvalidSchema(self.faults)
        return schema

    def _fault(self, sentence: str) -> None:
        self.faults.append(sentence)

    def _fields(self) -> list[Field]:
        listed = self.document.get("fields")
        if not isinstance(listed, list) or not listed:
            self._fault('fields is no list of fields; write {"fields": [{"name": ..., "type": ...}, ...]}')
            return []
        if len(listed) > MAX_FIELDS:
            self._fault(f"there are {len(listed)} fields; at most {MAX_FIELDS} can be served")
            return []
        fields: list[Field] = []
        folded: dict[str, str] = {}
        for place, item in enumerate(listed, start=1):
            found = self._field(place, item)
            if found is None:
                continue
            if fold(found.name) in folded:
                self._fault(
                    f"{found.name} and {folded[fold(found.name)]} are one name here; rename one of them"
                )
                continue
            folded[fold(found.name)] = found.name
            fields.append(found)
        return fields

    def _field(self, place: int, item: object) -> Field | None:
        name = item.get("name") if isinstance(item, dict) else None
        if not isinstance(item, dict) or not isinstance(name, str) or not name.strip():
            self._fault(f"field {place} has no name")
            return None
        name = name.strip()
        if len(name) > MAX_NAME or not name.isprintable():
            self._fault(
                f"field {place} has a name of over {MAX_NAME} characters, or one that cannot be printed"
            )
            return None
        rules = item.get("constraints", {})
        if not isinstance(rules, dict):
            self._fault(f'{name}: constraints is no object; write {{"required": true, "minimum": 0}}, say')
            return None
        listed = rules.get("enum", item.get("categories"))
        type_: Any = item.get("type", "string")
        if type_ == "any" and listed:
            # pandas' type of a column of categories.
            type_ = "string"
        if type_ not in ("number", "integer", "string", "boolean"):
            self.notes.append(f"{name} is of the type {type_}, which no model can use")
            type_ = "string"
        categories = self._categories(name, type_, listed)
        example = item.get("example")
        if example is not None and not isinstance(example, str | int | float):
            self._fault(f"{name}: example is neither a text nor a number")
            example = None
        self.notes += [
            f"{name}: the constraint {rule} is not used" for rule in rules if rule not in _KNOWN_RULES
        ]
        return Field(
            name=name,
            type=type_,
            description=str(item.get("description", "")),
            example=example,
            required=rules.get("required") is True,
            categories=categories,
            minimum=self._number(name, rules, "minimum", -LARGEST),
            maximum=self._number(name, rules, "maximum", LARGEST),
            max_length=int(self._number(name, rules, "maxLength", MAX_TEXT)),
        )

    def _categories(self, name: str, type_: str, listed: object) -> tuple[Word, ...] | None:
        if listed is None:
            return None
        if not isinstance(listed, list) or not listed:
            self._fault(f"{name}: its categories are no list of values")
            return None
        values = [item.get("value") if isinstance(item, dict) else item for item in listed]
        if len(values) > MAX_CATEGORIES:
            self._fault(
                f"{name}: {len(values)} categories; at most {MAX_CATEGORIES} can be told apart, so ignore it"
            )
            return None
        kinds: tuple[type, ...] = (str,) if type_ == "string" else (int, float)
        good: list[Any] = [
            value for value in values if isinstance(value, kinds) and value != "" and value == value
        ]
        words = [value.casefold() if isinstance(value, str) else value for value in good]
        if any(isinstance(value, str) and value != value.strip() for value in good):
            self._fault(f"{name}: a category begins or ends with white space, which cells of tables lose")
        if len(good) < len(values):
            wanted = "texts" if type_ == "string" else "numbers"
            self._fault(f"{name}: its categories are not all {wanted}; a missing value is no category")
        elif len(set(words)) < len(words):
            self._fault(f"{name}: two of its categories are the same but for their case")
        return tuple(good)

    def _number(self, name: str, rules: Mapping[str, Any], rule: str, default: float) -> float:
        value = rules.get(rule, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LARGEST:
            self._fault(f"{name}: {rule} is no number")
            return default
        return value

    def _target(
        self, names: Mapping[str, Field], value_aliases: Mapping[str, Mapping[str, str]]
    ) -> Target | None:
        said = self.document.get("target")
        name = said.get("field") if isinstance(said, dict) else said
        if not isinstance(name, str):
            self._fault('target is missing; write {"target": {"field": ..., "positive": ...}}')
            return None
        known = names.get(name)
        if known is None:
            self._fault(f"target {name} is none of the fields; add it to them")
            return None
        if name.casefold() in RESERVED_FOR_TARGETS:
            self._fault(f"target {name}: answers have a key of that name already; rename the column")
        positive = said.get("positive") if isinstance(said, dict) else None
        if known.type == "string":
            return self._target_of_words(known, positive, value_aliases.get(name, {}))
        if known.type == "boolean" or (known.type == "integer" and set(known.categories or (0, 1)) == {0, 1}):
            if positive not in (None, True, 1, [1], [True]):
                self._fault(f"target {name}: its positive value is true, or 1; leave target.positive out")
            return target_of_booleans(name)
        values = [value for value in known.categories or () if isinstance(value, int | float)]
        wanted: list[Any] = positive if isinstance(positive, list) else [positive]
        if len(values) < 2 or not 0 < len(wanted) < len(values) or not set(wanted) <= set(values):
            self._fault(
                f"target {name}: a number cannot be predicted yet, only one of two values; "
                "list the values as its enum, and in target.positive those that count as yes"
            )
            return None
        return target_of_numbers(name, values, wanted)

    def _target_of_words(self, known: Field, positive: object, aliases: Mapping[str, str]) -> Target | None:
        values = [str(value) for value in known.categories or ()]
        wanted = positive if isinstance(positive, list) else [positive]
        if not 0 < len(wanted) < len(values) or not set(map(str, wanted)) <= set(values):
            listed = ", ".join(values[:10]) or "none"
            self._fault(
                f"target {known.name}: target.positive has to name those of its categories that count as "
                f"yes; they are {listed}"
            )
            return None
        if len(values) > 2:
            self.notes.append(
                f"target {known.name}: {', '.join(map(str, wanted))} told from all other values"
            )
        return target_of_words(known.name, values, [*map(str, wanted)], aliases)

    def _aliases(
        self, names: Mapping[str, Field]
    ) -> tuple[dict[str, tuple[str, ...]], dict[str, dict[str, str]]]:
        said = self.document.get("aliases", {})
        if not isinstance(said, dict):
            self._fault('aliases is no object; write {"aliases": {"fields": {...}, "values": {...}}}')
            return {}, {}
        fields: dict[str, tuple[str, ...]] = {}
        for name, spellings in self._object(said, "fields", names).items():
            listed = [spellings] if isinstance(spellings, str) else spellings
            if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
                self._fault(f"aliases.fields.{name} is no list of other names")
                continue
            fields[name] = tuple(listed)
        values: dict[str, dict[str, str]] = {}
        for name, words in self._object(said, "values", names).items():
            known = {word.casefold(): word for word in map(str, names[name].categories or ())}
            if not isinstance(words, dict):
                self._fault(f"aliases.values.{name} is no object of words and the categories they stand for")
                continue
            for word, category in words.items():
                if str(category).casefold() not in known:
                    self._fault(f"aliases.values.{name}: {category} is none of its categories")
                    continue
                values.setdefault(name, {})[str(word).strip().casefold()] = known[str(category).casefold()]
        return fields, values

    def _object(self, said: Mapping[str, Any], key: str, names: Mapping[str, Field]) -> dict[str, Any]:
        found = said.get(key, {})
        if not isinstance(found, dict):
            self._fault(f"aliases.{key} is no object")
            return {}
        for name in [*found]:
            if name not in names:
                self._fault(f"aliases.{key}: {name} is none of the fields")
        return {name: value for name, value in found.items() if name in names}

    def _derived(self, names: Mapping[str, Field]) -> tuple[Derived, ...]:
        listed = self.document.get("derived", [])
        if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
            self._fault("derived is no list of objects with field, from, pattern and words")
            return ()
        found = []
        for item in listed:
            name, source, pattern, words = (item.get(key) for key in ("field", "from", "pattern", "words"))
            where = f"derived {name}"
            if name not in names or not (names[name].type == "string" and names[name].categories):
                self._fault(f"{where}: its field is none of the fields of text with categories")
            elif source not in names or names[source].type != "string":
                self._fault(f"{where}: from names none of the fields of text")
            elif not isinstance(pattern, str) or (why := _objection_to_pattern(pattern)):
                self._fault(f"{where}: {why if isinstance(pattern, str) else 'pattern is no text'}")
            elif not isinstance(words, dict):
                self._fault(f"{where}: words is no object of words and the categories they stand for")
            else:
                known = {str(word).casefold(): str(word) for word in names[name].categories or ()}
                strange = [
                    word for word in words.values() if word is not None and str(word).casefold() not in known
                ]
                if strange:
                    self._fault(f"{where}: {strange[0]} is none of the categories of {name}")
                    continue
                # A word that stands for no category is a missing value.
                meant = {
                    str(word).strip().casefold(): "" if category is None else known[str(category).casefold()]
                    for word, category in words.items()
                }
                found.append(Derived(name, source, re.compile(pattern), meant))
        return tuple(found)

    def _ignored(self, names: Mapping[str, Field]) -> tuple[str, ...]:
        ignored = [*self._words("ignored", ())]
        keys = self.document.get("primaryKey", [])
        for key in [keys] if isinstance(keys, str) else keys if isinstance(keys, list) else []:
            if key in names and key not in ignored:
                self.notes.append(f"{key} is the primary key, and so no feature")
                ignored.append(key)
        return tuple(ignored)

    def _names(self, key: str, names: Mapping[str, Field]) -> tuple[str, ...]:
        found = self._words(key, ())
        for name in found:
            if name not in names or (names[name].categories is None and names[name].type != "boolean"):
                self._fault(f"{key}: {name} is none of the fields that have categories")
        return tuple(name for name in found if name in names)

    def _words(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        found = self.document.get(key, default)
        if not isinstance(found, list | tuple) or not all(isinstance(word, str) for word in found):
            self._fault(f"{key} is no list of texts")
            return default
        return tuple(found)

    def _expectations(self) -> tuple[Expectation, ...]:
        listed = self.document.get("expectations", [])
        found = []
        for item in listed if isinstance(listed, list) else [None]:
            parts = [
                item.get(key) if isinstance(item, dict) else None for key in ("likelier", "than", "because")
            ]
            if isinstance(parts[0], dict) and isinstance(parts[1], dict) and isinstance(parts[2], str):
                found.append(Expectation(parts[0], parts[1], parts[2]))
            else:
                self._fault("expectations: each has the rows likelier and than, and because, a sentence")
        return tuple(found)

    def _row_name(self) -> tuple[str, str]:
        said = self.document.get("rowName", {})
        if isinstance(said, dict):
            one, many = said.get("one", "row"), said.get("many", "rows")
            if isinstance(one, str) and isinstance(many, str) and one and many:
                return one, many
        self._fault('rowName says what a row and rows are called: {"one": "customer", "many": "customers"}')
        return "row", "rows"

    def _check_whole(self, schema: Schema) -> None:
        """What can only be told of a schema as a whole."""
        if not schema.features:
            self._fault("no field is left to predict from; ignore fewer")
        for one in schema.features:
            if fold(one.name) in map(fold, RESERVED):
                self._fault(f"{one.name}: Lifeboat has a column of that name itself; rename it, or ignore it")
            elif one.type == "string" and not one.categories:
                self._fault(f"{one.name} is a text without categories: list its categories, or ignore it")
        taken: dict[str, str] = {}
        for name in (*schema.names, *schema.sources, schema.target.name):
            for spelling in (name, *schema.field_aliases.get(name, ())):
                if taken.setdefault(fold(spelling), name) != name:
                    self._fault(
                        f"{spelling} stands for {taken[fold(spelling)]} and for {name}; it can stand for one"
                    )
        if self.faults:
            return
        reader = RowReader(schema)
        for expectation in schema.expectations:
            for row in (expectation.likelier, expectation.than):
                self.faults += [
                    f"expectations: {fault.field or 'a row'} {fault.msg}" for fault in reader.read(row).faults
                ]


_KNOWN_KEYS = frozenset(
    {
        "$schema", "name", "title", "description", "fields", "fieldsMatch", "primaryKey", "pandas_version",
        "missingValues", "target", "task", "aliases", "derived", "ignored", "slices", "expectations",
        "rowName",
    }
)  # fmt: skip
_KNOWN_RULES = frozenset({"required", "enum", "minimum", "maximum", "maxLength"})


def _objection_to_document(document: dict[str, Any]) -> str:
    """Why a document cannot be kept as JSON that anybody reads; empty when it can."""
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


def _objection_to_pattern(pattern: str) -> str:
    """Why a pattern is not taken; empty when it is. To repeat a repetition may take for ever."""
    if len(pattern) > MAX_PATTERN:
        return f"its pattern is longer than {MAX_PATTERN} characters"
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        return f"its pattern is no regular expression: {error}"
    if compiled.groups < 1:
        return "its pattern has no group; put what is meant into parentheses"
    # The last character of a group that repeats something, and behind it another repetition.
    if re.search(r"[*+}][^()]*\)+[*+{]", pattern) or re.search(r"\\[1-9]|\(\?P=", pattern):
        return "its pattern repeats a repetition, or refers back to a group: that may take for ever"
    return ""
