"""The bucket's policy in template.yaml: who may write what a version is trusted for, whatever roles allow."""

import fnmatch
import re
from typing import Any

import pytest

from tests.support.declared import PARAMETERS, RESOURCES
from tests.template.roles import ROLES, resources, statements

STATEMENTS: list[dict[str, Any]] = RESOURCES["StorePolicy"]["Properties"]["PolicyDocument"]["Statement"]
OPERATOR, STRANGER = "arn:aws:iam::123456789012:role/operators/*", "arn:aws:iam::123456789012:role/analyst"
# An operator's own ARN, which the pattern above takes in.
ANN = "arn:aws:iam::123456789012:role/operators/ann"


def denies(principal: str, action: str, key: str, operators: str = "") -> bool:
    """Whether the policy refuses this over TLS, as IAM would judge it.

    principal: what `aws:PrincipalArn` comes to: of a role here, its logical id and `.Arn`; empty where there
    is none. operators: of the parameter OperatorArns.
    """
    return any(
        action in _list(statement["Action"])
        and any(fnmatch.fnmatchcase(f"${{Store.Arn}}/{key}", name) for name in resources(statement))
        and _applies(_resolved(statement.get("Condition"), operators), principal)
        for statement in STATEMENTS[1:]
    )


def _applies(condition: Any, principal: str) -> bool:
    """All operators of a condition have to hold; one that negates holds for whoever has no ARN at all."""
    assert (condition or {}).keys() <= {"ArnNotEquals", "ArnNotLike"}
    return not any(
        fnmatch.fnmatchcase(principal, pattern)
        for operator in (condition or {}).values()
        for pattern in _list(operator["aws:PrincipalArn"])
    )


def _resolved(value: Any, operators: str) -> Any:
    match value:
        case ["If", ["HasOperators", then, otherwise]]:
            return _resolved(then if operators else otherwise, operators)
        case ["Ref", "AWS::NoValue"]:
            return None
        case ["Split", [",", ["Ref", "OperatorArns"]]]:
            return operators.split(",")
        case ["GetAtt", str() as attribute]:
            return attribute
        case list():
            return [_resolved(item, operators) for item in value]
        case dict():
            items = {name: _resolved(item, operators) for name, item in value.items()}
            return {name: item for name, item in items.items() if item is not None}
    return value


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


VERSION, RECORD = "models/titanic/64fb781fa1a71ca5/manifest.json", "registry/titanic/champion.json"


def test_every_statement_denies_everybody_it_does_not_name() -> None:
    assert all((one["Effect"], one["Principal"]) == ("Deny", "*") for one in STATEMENTS)
    assert len({one["Sid"] for one in STATEMENTS}) == len(STATEMENTS)


@pytest.mark.parametrize(
    ("action", "key", "allowed"),
    [
        ("s3:PutObject", VERSION, {"RetrainRole"}),
        ("s3:ReplicateObject", VERSION, {"RetrainRole"}),
        ("s3:DeleteObject", VERSION, {"ModelsRole"}),
        ("s3:ReplicateDelete", VERSION, {"ModelsRole"}),
        ("s3:DeleteObjectVersion", VERSION, set()),
        ("s3:PutObject", RECORD, {"RetrainRole", "ModelsRole"}),
        ("s3:PutObject", "registry/titanic/published/64fb781fa1a71ca5.json", {"RetrainRole", "ModelsRole"}),
        ("s3:DeleteObject", RECORD, {"ModelsRole"}),
        ("s3:DeleteObjectVersion", RECORD, set()),
    ],
)
def test_only_these_functions_may_change_what_a_version_is_trusted_for(
    action: str, key: str, allowed: set[str]
) -> None:
    principals = {**{role: f"{role}.Arn" for role in ROLES}, "a role": STRANGER, "a service": ""}
    assert {name for name, arn in principals.items() if not denies(arn, action, key)} == allowed
    # Who is named may do it too, and nobody is named by default.
    assert denies(ANN, action, key)
    assert not denies(ANN, action, key, operators=f"arn:aws:iam::1:user/b,{OPERATOR}")
    assert denies(STRANGER, action, key, operators=OPERATOR)


@pytest.mark.parametrize("key", ["datasets/titanic/a.csv", "predictions/a.jsonl", "schemas/titanic.json"])
def test_all_else_is_left_to_the_roles(key: str) -> None:
    for action in ("s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"):
        assert not denies(STRANGER, action, key)


@pytest.mark.parametrize("action", ["s3:GetObject", "s3:ListBucket"])
def test_nobody_is_kept_from_reading(action: str) -> None:
    assert not denies(STRANGER, action, VERSION)


@pytest.mark.parametrize("role", ROLES)
def test_what_a_role_grants_is_not_denied_to_it(role: str) -> None:
    for statement in statements(role):
        if not statement["Action"].startswith("s3:"):
            continue
        for name in resources(statement):
            key = name.partition("/")[2].replace("*", "x")
            assert not denies(f"{role}.Arn", statement["Action"], key), statement["Sid"]


def test_nobody_is_kept_from_changing_the_policy() -> None:
    # The way back in, should the roles be gone and nobody be named.
    actions = {action for one in STATEMENTS[1:] for action in _list(one["Action"])}
    assert actions == {
        "s3:PutObject",
        "s3:ReplicateObject",
        "s3:DeleteObject",
        "s3:ReplicateDelete",
        "s3:DeleteObjectVersion",
    }


@pytest.mark.parametrize(
    ("arns", "fits"),
    [
        ("", True),
        ("arn:aws:iam::123456789012:role/admin", True),
        ("arn:aws:iam::1:role/a,arn:aws-cn:iam::1:user/b", True),
        ("arn:aws:iam::1:role/a, arn:aws:iam::1:role/b", False),
        ("admin", False),
        ("*", False),
    ],
)
def test_operators_are_named_by_arn_and_nobody_is_by_default(arns: str, fits: bool) -> None:
    assert PARAMETERS["OperatorArns"]["Default"] == ""
    assert bool(re.fullmatch(PARAMETERS["OperatorArns"]["AllowedPattern"], arns)) is fits
