"""Whether an account can take a stage: each failure says what to do."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session
from botocore.stub import Stubber

from functions.local.deployment import account
from functions.local.deployment.account import Account, NotReady, check_concurrency, explain, find_account


@contextmanager
def limits(total: int, free: int, refused: str = "") -> Iterator[Account]:
    """An account with so many executions, or whose credentials may not ask."""
    session = Session()
    session.set_credentials("key", "secret")
    client: Any = session.create_client("lambda", region_name="eu-west-1")
    with Stubber(client) as stub:
        if refused:
            stub.add_client_error("get_account_settings", refused)
        else:
            limit = {"ConcurrentExecutions": total, "UnreservedConcurrentExecutions": free}
            stub.add_response("get_account_settings", {"AccountLimit": limit})
        session.create_client = lambda *_, **__: client  # type: ignore[method-assign]
        yield Account("123456789012", "arn", "eu-west-1", session)


def test_a_reservation_that_leaves_the_account_too_few_is_refused_with_the_most_there_can_be() -> None:
    with limits(1000, 500) as account, pytest.raises(NotReady, match=r"401 is too much.*Reserve at most 400"):
        check_concurrency(account, 401)
    with limits(1000, 500) as account:
        assert check_concurrency(account, 400) is None


def test_what_the_stage_has_reserved_already_counts_as_free() -> None:
    with limits(1000, 100) as account:
        assert check_concurrency(account, 50, reserved_now=50) is None


def test_a_new_accounts_few_executions_are_said() -> None:
    with limits(10, 10) as account:
        assert "may have 10 executions at once" in str(check_concurrency(account, 0))


def test_a_limit_that_may_not_be_asked_for_is_said_and_is_no_failure() -> None:
    with limits(0, 0, "AccessDeniedException") as account:
        assert "Not checked" in str(check_concurrency(account, 0))


def without_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def test_no_region_and_no_credentials_are_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    without_settings(monkeypatch)
    with pytest.raises(NotReady, match="AWS_DEFAULT_REGION=eu-west-1 make"):
        find_account()
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with pytest.raises(NotReady, match=r"AWS does not say whose account this is .*AWS_PROFILE"):
        find_account()


def test_half_of_a_pair_of_keys_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    without_settings(monkeypatch)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    with pytest.raises(NotReady, match="missing: AWS_SECRET_ACCESS_KEY"):
        find_account()


def test_a_profile_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    without_settings(monkeypatch)
    monkeypatch.setenv("AWS_PROFILE", "wrok")
    with pytest.raises(NotReady, match=r"profile \(wrok\) could not be found.*list-profiles"):
        find_account()


@pytest.mark.parametrize(
    ("region", "meant"),
    [("Frankfurt", ""), ("eu_west_1", "eu-west-1"), ("us-east-1a", "us-east-1"), ("EU-WEST-1", "eu-west-1")],
)
def test_what_is_no_region_is_refused_with_the_one_that_was_meant(
    region: str, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_settings(monkeypatch)
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    with pytest.raises(NotReady, match=f"'{region}' is no name of a region") as refused:
        find_account()
    assert meant in str(refused.value)


@pytest.mark.parametrize(
    "region", ["eu-west-1", "us-gov-east-1", "ap-southeast-7", "mx-central-1", "eusc-de-east-1", "eu-west-11"]
)
def test_a_region_where_nobody_answers_is_said(region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for a name that AWS does not have, or without a network."""
    without_settings(monkeypatch)
    for name, value in {
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(account, "_CONFIG", Config(retries={"total_max_attempts": 1}))
    with pytest.raises(NotReady, match=rf"nobody answers for the region {region} .*HTTPS_PROXY") as said:
        find_account()
    assert ("is that its name (eu-west-1?)" in str(said.value)) is (region == "eu-west-11")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("AccessDenied", "these credentials may not do it: .*deploy-options.md"),
        ("AccessDeniedException", "these credentials may not do it"),
        ("ExpiredToken", "the sign-in has ended .*do the same again"),
        ("Throttling", "AWS refuses, or is out of reach"),
    ],
)
def test_a_refusal_of_aws_is_said_with_what_to_do(code: str, said: str) -> None:
    answer: Any = {"Error": {"Code": code, "Message": "User is not authorized to perform: cloudformation:X"}}
    explained = explain(ClientError(answer, "DescribeStacks"))
    assert re.search(said, explained)
    assert "cloudformation:X" in explained
