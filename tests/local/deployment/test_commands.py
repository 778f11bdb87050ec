"""`make destroy` against an emulated account, and what stops `make deploy` before SAM is asked."""

import builtins
import sys
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.backends import get_backend

from functions.local.deployment.__main__ import describe, main
from functions.local.deployment.account import NotReady, find_account
from functions.local.deployment.deploying import make_first_key, prepare
from functions.local.deployment.remains import bucket_of, find_remains
from functions.local.deployment.stack import Stack, check_deployable, check_idle, find_stack

STAGE = "dev"


@pytest.fixture(autouse=True)
def aws(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An account with nothing in it."""
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    # Imported before the first request, which would wait for it, on a busy machine too long.
    backends = [get_backend(service) for service in ("s3", "ssm", "logs", "cloudformation", "sts", "lambda")]
    yield
    for backend in backends:
        backend.reset()


def client(service: str) -> Any:
    make: Any = boto3.client
    return make(service)


@pytest.fixture
def left() -> str:
    """The bucket of what a deleted stack leaves, beside keys and log groups: two versions and a marker."""
    bucket = bucket_of(find_account(), STAGE)
    s3 = client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"a", b"bc"):
        s3.put_object(Bucket=bucket, Key="datasets/titanic/a.csv", Body=body)
    s3.delete_object(Bucket=bucket, Key="datasets/titanic/a.csv")
    make_first_key(STAGE)
    client("logs").create_log_group(logGroupName=f"/aws/lambda/lifeboat-{STAGE}-predict")
    client("logs").create_log_group(logGroupName=f"/aws/lambda/lifeboat-{STAGE}2-predict")
    return bucket


def answering(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(builtins, "input", lambda _: answer)


def destroy(*more: str) -> int:
    return main(["destroy", "--stage", STAGE, *more])


@pytest.mark.parametrize("answer", ["", "y", "yes", "prod"])
def test_it_says_what_it_deletes_and_takes_no_answer_but_the_stages_name(
    left: str, answer: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answering(monkeypatch, answer)
    assert destroy() == 1
    said = capsys.readouterr().out
    assert f"the bucket {left} with every version of every object (3, 0.0 MB)" in said
    assert f"the parameter /lifeboat/{STAGE}/keys: all keys of the API" in said
    assert f"1 log groups: /aws/lambda/lifeboat-{STAGE}-predict\n" in said
    assert "Nothing is deleted." in said
    assert find_remains(find_account(), STAGE).versions == 3


def test_it_deletes_everything_of_its_stage_and_nothing_of_another(
    left: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answering(monkeypatch, STAGE)
    assert destroy() == 0
    assert f"nothing of stage {STAGE} is left" in capsys.readouterr().out
    assert not find_remains(find_account(), STAGE)
    assert client("s3").list_buckets()["Buckets"] == []
    [group] = client("logs").describe_log_groups()["logGroups"]
    assert group["logGroupName"] == f"/aws/lambda/lifeboat-{STAGE}2-predict"
    assert destroy() == 0
    assert f"There is nothing of stage {STAGE}" in capsys.readouterr().out


def test_a_script_has_to_say_that_it_may(
    left: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False)
    assert destroy() == 1
    assert "ARGS=--yes" in capsys.readouterr().err
    assert destroy("--yes") == 0


def test_a_stack_that_was_never_executed_is_deleted_before_a_deployment(
    capsys: pytest.CaptureFixture[str],
) -> None:
    client("cloudformation").create_change_set(
        StackName=f"lifeboat-{STAGE}",
        ChangeSetName="first",
        ChangeSetType="CREATE",
        TemplateBody='{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}',
    )
    said: list[str] = []
    prepare(find_account(), STAGE, {}, said.append)
    assert f"Deleting   lifeboat-{STAGE}, which is REVIEW_IN_PROGRESS" in said[-1]
    assert find_stack(find_account(), f"lifeboat-{STAGE}") is None


def test_a_bucket_without_its_stack_is_not_deployed_over(left: str) -> None:
    with pytest.raises(NotReady, match=f"{left} is there and its stack is not.*make destroy STAGE={STAGE}"):
        prepare(find_account(), STAGE, {}, lambda _: None)


def stack(status: str) -> Stack:
    outputs = {"ApiUrl": "https://api.example.org", "BucketName": "lifeboat-dev"}
    return Stack("arn", "lifeboat-dev", status, "no room", outputs)


@pytest.mark.parametrize(
    "status", ["ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS", "ROLLBACK_FAILED", "DELETE_FAILED"]
)
def test_what_a_first_deployment_left_is_to_be_deleted(status: str) -> None:
    assert check_deployable(stack(status)) is True
    check_idle(stack(status))


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"])
def test_a_stack_that_works_is_updated(status: str) -> None:
    assert check_deployable(stack(status)) is False


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("UPDATE_IN_PROGRESS", "try again when that is done"),
        ("UPDATE_ROLLBACK_FAILED", "no room.*continue-update-rollback"),
    ],
)
def test_a_stack_that_is_not_at_rest_is_left_alone(status: str, said: str) -> None:
    with pytest.raises(NotReady, match=said):
        check_deployable(stack(status))


def test_the_first_key_is_made_once_and_is_in_one_line_of_what_is_said() -> None:
    key = make_first_key(STAGE)
    assert key
    assert make_first_key(STAGE) is None
    said = describe(stack("CREATE_COMPLETE"), STAGE, key, no_key=False)
    assert sum(key in line for line in said) == 1
    assert any('curl -H "x-api-key: $KEY" https://api.example.org/model' in line for line in said)
    assert "there is one already" in str(describe(stack("CREATE_COMPLETE"), STAGE, None, no_key=False))
    assert "none is made here" in str(describe(stack("CREATE_COMPLETE"), STAGE, None, no_key=True))
