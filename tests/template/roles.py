"""The functions of template.yaml, its roles, and what their statements say."""

from collections.abc import Iterator
from typing import Any

from tests.support.declared import RESOURCES, of_type

FUNCTIONS = dict(of_type("AWS::Serverless::Function"))


def statements(role: str) -> Iterator[dict[str, Any]]:
    for policy in RESOURCES[role]["Properties"]["Policies"]:
        yield from policy["PolicyDocument"]["Statement"]


def resources(statement: dict[str, Any]) -> list[str]:
    """The names that a statement names. One resource is a tag and its value; several are a list of those."""
    found = statement["Resource"]
    return [name for _, name in ([found] if isinstance(found[0], str) else found)]


# CodeDeploy's is what SAM would make, of a policy of AWS: tests/template/test_options.py.
ROLES = [id_ for id_, _ in of_type("AWS::IAM::Role") if id_ != "CodeDeployServiceRole"]
