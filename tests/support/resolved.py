"""What template.yaml comes to with certain parameters: conditions decided, all else as it is."""

from collections.abc import Mapping
from typing import Any

from tests.support.declared import DOCUMENT, PARAMETERS

_NOTHING = ["Ref", "AWS::NoValue"]


def resolved(value: Any, **parameters: str) -> Any:
    """A value of the template with its conditions decided and `Ref`s of parameters replaced by their values.

    parameters: those that differ from their defaults. What `AWS::NoValue` stands for is left out.
    """
    return _resolve(value, _values(parameters))


def deployed(**parameters: str) -> dict[str, Any]:
    """The resources that are made with these parameters, resolved."""
    return {
        id_: resolved(resource, **parameters)
        for id_, resource in DOCUMENT["Resources"].items()
        if "Condition" not in resource or _holds(["Condition", resource["Condition"]], _values(parameters))
    }


def refused(**parameters: str) -> list[str]:
    """What the template's rules say against these parameters, which CloudFormation asks before it begins."""
    values = _values(parameters)
    return [
        assertion["AssertDescription"]
        for rule in DOCUMENT["Rules"].values()
        if _holds(rule["RuleCondition"], values)
        for assertion in rule["Assertions"]
        if not _holds(assertion["Assert"], values)
    ]


def _values(parameters: Mapping[str, str]) -> dict[str, str]:
    return {name: str(declared["Default"]) for name, declared in PARAMETERS.items()} | dict(parameters)


def _resolve(value: Any, values: Mapping[str, str]) -> Any:
    match value:
        case ["If", [condition, then, otherwise]]:
            return _resolve(then if _holds(["Condition", condition], values) else otherwise, values)
        case ["Ref", str(name)] if name in values:
            return values[name]
        case ["Split", [separator, text]] if isinstance(_resolve(text, values), str):
            return str(_resolve(text, values)).split(separator)
        case list():
            return [item for item in (_resolve(each, values) for each in value) if item != _NOTHING]
        case dict():
            items = {name: _resolve(item, values) for name, item in value.items()}
            return {name: item for name, item in items.items() if item != _NOTHING}
    return value


def _holds(condition: Any, values: Mapping[str, str]) -> bool:
    match condition:
        case ["Condition", name]:
            return _holds(DOCUMENT["Conditions"][name], values)
        case ["Equals", [left, right]]:
            return str(_resolve(left, values)) == str(_resolve(right, values))
        case ["Not", [inner]]:
            return not _holds(inner, values)
        case ["And", inner]:
            return all(_holds(each, values) for each in inner)
        case ["Or", inner]:
            return any(_holds(each, values) for each in inner)
    raise ValueError(f"no condition: {condition}")
