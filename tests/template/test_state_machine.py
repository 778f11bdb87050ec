"""The state machine that scores many files has no dead end: cfn-lint looks at its shape only."""

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from tests.support.declared import RESOURCES

DEFINITION: dict[str, Any] = RESOURCES["ScoringOfMany"]["Properties"]["Definition"]


def nexts(state: dict[str, Any]) -> Iterator[str]:
    """The states that may follow."""
    for part in (state, *state.get("Choices", ()), *state.get("Catch", ())):
        if "Next" in part:
            yield part["Next"]
    if "Default" in state:
        yield state["Default"]


def faults(machine: dict[str, Any]) -> Iterator[str]:
    """What would stop an execution midway, in this machine and those inside it."""
    states = machine["States"]
    reached: set[str] = {machine["StartAt"]}
    seen: set[str] = set()
    while reached - seen:
        name = (reached - seen).pop()
        seen.add(name)
        if name not in states:
            yield f"there is no state {name}"
            continue
        state = states[name]
        followed = [*nexts(state)]
        reached |= {*followed}
        if not followed and not state.get("End") and state["Type"] not in ("Succeed", "Fail"):
            yield f"{name} ends nowhere"
        if "ItemProcessor" in state:
            yield from faults(state["ItemProcessor"])
    yield from (f"{name} is never reached" for name in states.keys() - seen)


def test_every_state_is_reached_and_leads_to_an_end() -> None:
    assert [*faults(DEFINITION)] == []


@pytest.mark.parametrize(
    ("state", "change", "fault"),
    [
        ("GoOn", {"Next": "Scores"}, "there is no state Scores"),
        ("Said", {"End": False}, "Said ends nowhere"),
        ("IsItDone", {"Default": "Score"}, "Said is never reached"),
    ],
)
def test_a_state_that_leads_nowhere_is_found(state: str, change: dict[str, Any], fault: str) -> None:
    broken = deepcopy(DEFINITION)
    broken["States"]["EachFile"]["ItemProcessor"]["States"][state] |= change
    assert fault in [*faults(broken)]


def test_whatever_is_used_is_substituted() -> None:
    """CloudFormation puts in `${Bucket}`: what is not among the substitutions would stay as it is."""
    used = set(re.findall(r"\$\{(\w+)\}", str(DEFINITION)))
    assert used == set(RESOURCES["ScoringOfMany"]["Properties"]["DefinitionSubstitutions"])
