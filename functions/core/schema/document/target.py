"""Reads which field of a schema is to be predicted, and which of its values count as yes."""

from collections.abc import Mapping, Sequence

from functions.core.schema.document.findings import Findings
from functions.core.schema.schema import Field
from functions.core.schema.target import Target, target_of_booleans, target_of_numbers, target_of_words

# Keys of an answer: a target of that name would be taken for one of them.
_KEYS_OF_ANSWERS = ("explanation", "model", "row", "threshold")


def parse_target(
    description: object,
    names: Mapping[str, Field],
    value_aliases: Mapping[str, Mapping[str, str]],
    findings: Findings,
) -> Target | None:
    """The target of a document; None, and a fault, where there is none.

    description: what the document has under `target`.
    """
    name = description.get("field") if isinstance(description, dict) else description
    if not isinstance(name, str):
        findings.fault('target is missing; write {"target": {"field": ..., "positive": ...}}')
        return None
    field = names.get(name)
    if field is None:
        findings.fault(f"target {name} is none of the fields; add it to them")
        return None
    if name.casefold() in _KEYS_OF_ANSWERS:
        findings.fault(f"target {name}: answers have a key of that name already; rename the column")
    positive = description.get("positive") if isinstance(description, dict) else None
    wanted = positive if isinstance(positive, list) else [positive]
    if field.type == "string":
        return _target_of_words(field, wanted, value_aliases.get(name, {}), findings)
    if field.type == "boolean" or (field.type == "integer" and set(field.categories or (0, 1)) == {0, 1}):
        if positive not in (None, True, 1, [1], [True]):
            findings.fault(f"target {name}: its positive value is true, or 1; leave target.positive out")
        return target_of_booleans(name)
    return _target_of_numbers(field, wanted, findings)


def _target_of_numbers(field: Field, wanted: Sequence[object], findings: Findings) -> Target | None:
    values = [value for value in field.categories or () if isinstance(value, int | float)]
    positive = [value for value in values if value in wanted]
    if not 0 < len(positive) == len(wanted) < len(values):
        findings.fault(
            f"target {field.name}: a number cannot be predicted yet, only one of two values; "
            "list the values as its enum, and in target.positive those that count as yes"
        )
        return None
    return target_of_numbers(field.name, values, positive)


def _target_of_words(
    field: Field, wanted: Sequence[object], aliases: Mapping[str, str], findings: Findings
) -> Target | None:
    values = [str(value) for value in field.categories or ()]
    # Where nothing is named, no category is, not even one called None.
    named = {str(word) for word in wanted if word is not None}
    positive = [value for value in values if value in named]
    if not 0 < len(positive) == len(wanted) < len(values):
        listed = ", ".join(values[:10]) or "none"
        findings.fault(
            f"target {field.name}: target.positive has to name those of its categories that count as yes; "
            f"they are {listed}"
        )
        return None
    if len(values) > 2:
        findings.notes.append(f"target {field.name}: {', '.join(positive)} told from all other values")
    return target_of_words(field.name, values, positive, aliases)
