"""Reads the fields of a schema: what a column is called, of which type it is, which values it may have."""

from collections.abc import Mapping
from typing import Any

from functions.core.schema.document.findings import Findings
from functions.core.schema.rows import MAX_CELL
from functions.core.schema.schema import LARGEST, MAX_TEXT, Field, fold
from functions.core.schema.target import Word

MAX_FIELDS = 1_000
MAX_CATEGORIES = 1_000
MAX_NAME = 100

_KNOWN_RULES = frozenset({"required", "enum", "minimum", "maximum", "maxLength"})
# Of a field by itself, keys of the standard that would have its cells read otherwise than they are here.
_UNREAD_KEYS = ("missingValues", "trueValues", "falseValues", "decimalChar", "groupChar", "bareNumber")


def parse_fields(listed: object, findings: Findings) -> list[Field]:
    """The fields of a document, less those that are no field. listed: what it has under `fields`."""
    if not isinstance(listed, list) or not listed:
        findings.fault('fields is no list of fields; write {"fields": [{"name": ..., "type": ...}, ...]}')
        return []
    if len(listed) > MAX_FIELDS:
        findings.fault(f"there are {len(listed)} fields; at most {MAX_FIELDS} can be served")
        return []
    fields: dict[str, Field] = {}
    for place, item in enumerate(listed, start=1):
        field = _parse_field(place, item, findings)
        if field is None:
            continue
        known = fields.setdefault(fold(field.name), field)
        if known is not field:
            findings.fault(f"{field.name} and {known.name} are one name here; rename one of them")
    return [*fields.values()]


def _parse_field(place: int, item: object, findings: Findings) -> Field | None:
    name = _name(place, item, findings)
    if name is None or not isinstance(item, dict):
        return None
    rules = item.get("constraints", {})
    if not isinstance(rules, dict):
        findings.fault(f'{name}: constraints is no object; write {{"required": true, "minimum": 0}}, say')
        return None
    listed = rules.get("enum", item.get("categories"))
    type_: Any = item.get("type", "string")
    if type_ == "any" and listed:
        # pandas' type of a column of categories.
        type_ = "string"
    if type_ not in ("number", "integer", "string", "boolean"):
        findings.notes.append(f"{name} is of the type {type_}, which no model can use")
        type_ = "string"
    categories = _categories(name, type_, listed, findings)
    example = item.get("example")
    if example is not None and not isinstance(example, str | int | float):
        findings.fault(f"{name}: example is neither a text nor a number")
        example = None
    findings.notes += [
        f"{name}: the constraint {rule} is not used" for rule in rules if rule not in _KNOWN_RULES
    ]
    findings.notes += [f"{name}: the key {key} is not used" for key in _UNREAD_KEYS if key in item]
    minimum = _number(name, rules, "minimum", -LARGEST, findings)
    maximum = _number(name, rules, "maximum", LARGEST, findings)
    if minimum > maximum:
        findings.fault(f"{name}: its minimum is above its maximum, so it can have no value")
    max_length = int(_number(name, rules, "maxLength", MAX_TEXT, findings))
    if max_length < 1:
        findings.fault(f"{name}: maxLength is less than 1, so it can have no value")
    return Field(
        name=name,
        type=type_,
        description=str(item.get("description", "")),
        example=example,
        required=rules.get("required") is True,
        categories=categories,
        minimum=minimum,
        maximum=maximum,
        # A pattern is looked for in it: that may take as long as the square of its length.
        max_length=min(max_length, MAX_CELL),
    )


def _name(place: int, item: object, findings: Findings) -> str | None:
    name = item.get("name") if isinstance(item, dict) else None
    if not isinstance(name, str) or not name.strip():
        findings.fault(f"field {place} has no name")
        return None
    name = name.strip()
    if len(name) > MAX_NAME or not name.isprintable():
        findings.fault(
            f"field {place} has a name of over {MAX_NAME} characters, or one that cannot be printed"
        )
        return None
    return name


def _categories(name: str, type_: str, listed: object, findings: Findings) -> tuple[Word, ...] | None:
    """The values that a field may have; None where it may have any. Each branch is a fault of its own."""
    if listed is None:
        return None
    if not isinstance(listed, list) or not listed:
        findings.fault(f"{name}: its categories are no list of values")
        return None
    values = [item.get("value") if isinstance(item, dict) else item for item in listed]
    if len(values) > MAX_CATEGORIES:
        findings.fault(
            f"{name}: {len(values)} categories; at most {MAX_CATEGORIES} can be told apart, so ignore it"
        )
        return None
    good: list[Any] = [value for value in values if _can_be_category(value, type_)]
    if len(good) < len(values):
        wanted = "texts" if type_ == "string" else "numbers"
        findings.fault(f"{name}: its categories are not all {wanted}; a missing value is no category")
    if any(isinstance(value, str) and value != value.strip() for value in good):
        findings.fault(f"{name}: a category begins or ends with white space, which cells of tables lose")
    distinct = {value.casefold() if isinstance(value, str) else value: value for value in good}
    if len(distinct) < len(good):
        findings.fault(f"{name}: two of its categories are the same but for their case")
    return tuple(distinct.values())


def _can_be_category(value: object, type_: str) -> bool:
    if type_ == "string":
        return isinstance(value, str) and value != ""
    # False for NaN.
    return isinstance(value, int | float) and abs(value) <= LARGEST


def _number(name: str, rules: Mapping[str, Any], rule: str, default: float, findings: Findings) -> float:
    value = rules.get(rule, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LARGEST:
        findings.fault(f"{name}: {rule} is no number")
        return default
    return value
