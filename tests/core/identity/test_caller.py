"""The caller: who the authorizer says it is, and how far they may go."""

from typing import Any

import pytest

from functions.core.base.errors import Forbidden, StoreUnavailable, Unauthorized
from functions.core.identity.caller import SCOPES, Caller, caller_of
from tests.support.authorizing import VALID


def event_with(found: Any) -> dict[str, Any]:
    return {"requestContext": {"authorizer": {"lambda": found}}}


def test_the_authorizers_word_names_the_caller() -> None:
    caller = caller_of(event_with(VALID | {"scopes": "predict feedback"}))
    assert caller == Caller("5f3a91c2", frozenset({"predict", "feedback"}), None, "the shop")


@pytest.mark.parametrize(
    "event",
    [{}, {"requestContext": {}}, {"requestContext": {"authorizer": None}}, event_with(None), event_with({})],
)
def test_without_the_authorizer_nobody_is_known(event: dict[str, Any]) -> None:
    with pytest.raises(Unauthorized, match="x-api-key"):
        caller_of(event)


def test_a_key_that_was_denied_counts_for_nothing_whatever_else_is_said() -> None:
    with pytest.raises(Unauthorized, match="this key was revoked"):
        caller_of(event_with(VALID | {"denied": "this key was revoked"}))


def test_keys_that_cannot_be_looked_up_are_no_fault_of_the_caller() -> None:
    with pytest.raises(StoreUnavailable, match="try again"):
        caller_of(event_with(VALID | {"unavailable": "keys cannot be looked up; try again"}))


def test_a_scope_that_nobody_knows_is_none() -> None:
    assert caller_of(event_with(VALID | {"scopes": "root *"})).scopes == frozenset()


@pytest.mark.parametrize(
    ("own", "allowed"),
    [("predict", {"predict"}), ("feedback", {"feedback"}), ("admin", set(SCOPES)), ("", set())],
)
def test_a_scope_allows_itself_and_admin_allows_all(own: str, allowed: set[str]) -> None:
    caller = caller_of(event_with(VALID | {"scopes": own}))
    for scope in SCOPES:
        if scope in allowed:
            caller.require(scope)
        else:
            with pytest.raises(Forbidden, match=scope):
                caller.require(scope)


@pytest.mark.parametrize("given", [VALID, {name: VALID[name] for name in VALID if name != "models"}])
def test_a_key_without_models_is_for_all(given: dict[str, str]) -> None:
    caller = caller_of(event_with(given))
    assert caller.models is None
    caller.require("predict", model="any-model")
    assert caller.may_see("any-model")


def test_a_key_for_some_models_is_for_no_others_and_needs_its_scope_all_the_same() -> None:
    caller = caller_of(event_with(VALID | {"models": "churn fraud"}))
    caller.require("predict", model="churn")
    # What is about no model.
    caller.require("predict")
    assert [caller.may_see(model) for model in ("churn", "fraud", "titanic", "")] == [
        True,
        True,
        False,
        False,
    ]
    with pytest.raises(Forbidden, match="this key is for other models: churn, fraud"):
        caller.require("predict", model="titanic")
    with pytest.raises(Forbidden, match="scope admin"):
        caller.require("admin", model="churn")
