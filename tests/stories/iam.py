"""What a role in template.yaml allows, judged as IAM does, as far as the roles of this project go."""

import re
from dataclasses import dataclass
from typing import Any

from functions.local.platform.template import ACCOUNT
from tests.support.declared import RESOURCES
from tests.support.resolved import resolved

# What the pseudo parameters and the parameters come to; functions.local.platform.template gives the same.
_VALUES = {
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::AccountId": ACCOUNT,
    "Stage": "dev",
}
_TAGS = {"Sub", "GetAtt"}

# What Lambda itself does with a function's role: no call of ours shows it.
OF_LAMBDA = {
    "logs:CreateLogStream": "Lambda opens the log stream",
    "logs:PutLogEvents": "Lambda sends what was printed",
    "xray:PutTraceSegments": "Lambda sends the traces",
    "xray:PutTelemetryRecords": "Lambda sends the traces",
    "sqs:SendMessage": "Lambda keeps an event that failed for good",
}


@dataclass(frozen=True, slots=True)
class Need:
    """What a call must be allowed: an action on a resource; for a listing, of the keys below `prefix`."""

    action: str
    resource: str
    prefix: str | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """One action on one pattern of resources, under one pattern of `s3:prefix` if there is a condition.

    A statement of two resources is two grants, so that each of them can be found superfluous.
    """

    action: str
    resource: str
    prefix: str | None = None

    def covers(self, need: Need) -> bool:
        """Actions match without regard to case, resources and conditions with it."""
        return (
            _matches(self.action.lower(), need.action.lower())
            and _matches(self.resource, need.resource)
            and (self.prefix is None or (need.prefix is not None and _matches(self.prefix, need.prefix)))
        )


def grants_of(function_id: str) -> list[Grant]:
    """All that the role of a function grants. Raises `ValueError` for what is not judged here."""
    role_id = _text(RESOURCES[function_id]["Properties"]["Role"]).removesuffix(".Arn")
    # As it is with the parameters' defaults: what options add is judged by tests/template/test_options.py.
    role = resolved(RESOURCES[role_id]["Properties"])
    if "ManagedPolicyArns" in role:
        raise ValueError(f"the role of {function_id} has managed policies, whose text is not here")
    return [
        grant
        for policy in role["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        for grant in _grants(statement)
    ]


def _grants(statement: dict[str, Any]) -> list[Grant]:
    if unknown := statement.keys() - {"Sid", "Effect", "Action", "Resource", "Condition"}:
        raise ValueError(f"{', '.join(unknown)} in a statement is not judged here")
    if statement["Effect"] != "Allow":
        raise ValueError("only statements that allow are judged here")
    return [
        Grant(action, resource, prefix)
        for action in _list(statement["Action"])
        for resource in map(_text, _list(statement["Resource"]))
        for prefix in prefixes(statement.get("Condition"))
    ]


def prefixes(condition: Any) -> list[str | None]:
    """The patterns of `s3:prefix` of a statement's condition. Raises `ValueError` for any other condition."""
    if condition is None:
        return [None]
    if condition.keys() != {"StringLike"} or condition["StringLike"].keys() != {"s3:prefix"}:
        raise ValueError(f"the condition {condition} is not judged here")
    return list(_list(condition["StringLike"]["s3:prefix"]))


def _matches(pattern: str, text: str) -> bool:
    """Whether `text` fits: `*` stands for any characters, "/" too, and `?` for one."""
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, text, re.DOTALL) is not None


def _list(value: Any) -> list[Any]:
    """One thing or several, as a list. What has a tag is one: `declared` reads it as `[tag, value]`."""
    tagged = isinstance(value, list) and isinstance(value[0], str) and value[0] in _TAGS
    return value if isinstance(value, list) and not tagged else [value]


def _text(value: Any) -> str:
    match value:
        case str():
            return value
        case ["Sub", str() as text]:
            return re.sub(r"\$\{([\w:]+)\}", lambda found: _VALUES[found[1]], text)
        case ["GetAtt", str() as attribute]:
            return attribute
    raise ValueError(f"{value} in a role is not judged here")
