"""The template deploys in every partition of AWS: ARNs of China or GovCloud do not begin with `arn:aws:`."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.declared import DOCUMENT, RESOURCES

_WRITTEN_OUT = re.compile(r"\barn:aws[\w-]*:")


def arns_written_out(value: Any) -> Iterator[str]:
    """The texts in which an ARN names its partition instead of `${AWS::Partition}`."""
    match value:
        case str() if _WRITTEN_OUT.search(value):
            yield value
        case list():
            for item in value:
                yield from arns_written_out(item)
        case dict():
            for name, item in value.items():
                yield from arns_written_out(name)
                yield from arns_written_out(item)


def test_no_arn_names_its_partition() -> None:
    assert [*arns_written_out(DOCUMENT)] == []


@pytest.mark.parametrize("place", ["ListObjects", "Invoke", "PutObject"])
def test_an_integration_of_the_state_machine_is_of_the_partition_it_runs_in(place: str) -> None:
    """A task of another partition is refused when it is reached, not when it is deployed (aws-cdk #4597)."""
    tag, arn = RESOURCES["ScoringOfMany"]["Properties"]["DefinitionSubstitutions"][place]
    assert tag == "Sub"
    assert arn.startswith("arn:${AWS::Partition}:states:::")


def test_an_arn_that_names_its_partition_is_noticed() -> None:
    state = {"Task": {"Resource": "arn:aws:states:::lambda:invoke"}}
    policy = ["Sub", "arn:aws-cn:s3:::bucket-${AWS::Region}"]
    whole = ["Sub", "arn:${AWS::Partition}:s3:::bucket"]
    assert len([*arns_written_out([state, policy, whole, {"arn:aws:iam::aws:policy/A": 1}])]) == 3
