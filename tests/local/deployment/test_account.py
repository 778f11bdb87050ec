"""Whether an account can take a stage: each failure says what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.session import Session
from botocore.stub import Stubber

from functions.local.deployment.account import Account, NotReady, check_concurrency, find_account


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
