"""`make destroy` against an emulated account, and what stops `make deploy` before SAM is asked."""

import builtins
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.backends import get_backend

from functions.local.deployment import deploying
from functions.local.deployment.__main__ import describe, main
from functions.local.deployment.account import Account, NotReady, find_account
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


def test_it_says_what_it_deletes_and_takes_no_answer_but_the_stages_name(
    left: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for answer in ("", "y", "yes", "prod"):
        answering(monkeypatch, answer)
        assert destroy() == 1, answer
        said = capsys.readouterr().out
        assert f"the bucket {left} with every version of every object (3, 0.0 MB)" in said
        assert f"the parameter /lifeboat/{STAGE}/keys: all keys of the API" in said
        assert f"1 log groups: /aws/lambda/lifeboat-{STAGE}-predict\n" in said
        assert "Nothing is deleted." in said
        assert find_remains(find_account(), STAGE).versions == 3, answer


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


def check(*words: str) -> int:
    return main(["check", "--stage", STAGE, *words])


def test_a_stage_that_can_be_deployed_is_checked_before_anything_is_built(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert check("--parameters", "PredictMemory=2048", "--tags", "team=crew", "--no-key") == 0
    assert "Checked    stage dev can be deployed to account 123456789012" in capsys.readouterr().out
    assert client("cloudformation").list_stacks()["StackSummaries"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--stage", "Production!"], "STAGE is 'Production!': say "),
        (["--parameters", "PredictMemory"], "PARAMETERS are Name=value"),
        (["--parameters", "PredictMemory=9"], "PredictMemory is '9': say "),
        (["--parameters", "Predictmemory=2048"], "template.yaml has no parameter Predictmemory"),
        (["--parameters", "AlarmEmail='me"], "PARAMETERS cannot be read .*quotation mark is not closed"),
        (["--tags", "crew"], "TAGS are Name=value"),
    ],
)
def test_what_cannot_be_deployed_is_refused_in_a_sentence(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(*words) == 1
    assert re.search(f"^Failed: {said}", capsys.readouterr().err)


def test_a_check_leaves_what_a_first_deployment_left(capsys: pytest.CaptureFixture[str]) -> None:
    client("cloudformation").create_change_set(
        StackName=f"lifeboat-{STAGE}",
        ChangeSetName="first",
        ChangeSetType="CREATE",
        TemplateBody='{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}',
    )
    assert check() == 0
    assert find_stack(find_account(), f"lifeboat-{STAGE}") is not None


def test_a_bucket_that_these_credentials_do_not_see_is_said_with_the_right_they_lack(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer: Any = {"Error": {"Code": "403"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
    real = Account.client

    def forbidden(account: Account, service: str, region: str | None = None) -> Any:
        made = real(account, service, region)
        if service == "s3":
            refusal = ClientError(answer, "HeadBucket")
            monkeypatch.setattr(made, "head_bucket", Mock(side_effect=refusal))
        return made

    monkeypatch.setattr(Account, "client", forbidden)
    assert check() == 1
    said = capsys.readouterr().err
    assert "S3 answers 403 for the bucket lifeboat-dev-123456789012-us-east-1" in said
    assert "lack s3:ListBucket" in said
    assert "deploy another STAGE" in said


def test_bundles_that_are_not_there_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["deploy", "--stage", STAGE, "--template", str(tmp_path / "none.yaml")]) == 1
    assert "there are no bundles yet: make build" in capsys.readouterr().err


@pytest.fixture
def built(tmp_path: Path) -> str:
    template = tmp_path / "template.yaml"
    template.write_text("Resources: {}")
    return str(template)


def test_without_sam_it_says_how_to_get_it(
    built: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(deploying, "SAM", tmp_path / "sam")
    assert main(["deploy", "--stage", STAGE, "--template", built]) == 1
    assert "make installed-sam" in capsys.readouterr().err


def sam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = tmp_path / "sam"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(deploying, "SAM", program)


def test_what_sam_does_not_deploy_is_not_taken_for_deployed(
    built: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sam(tmp_path, monkeypatch, "exit 1")
    assert main(["deploy", "--stage", STAGE, "--template", built]) == 1
    assert "SAM did not deploy lifeboat-dev: its words are above" in capsys.readouterr().err
    sam(tmp_path, monkeypatch, "exit 0")
    assert main(["deploy", "--stage", STAGE, "--template", built]) == 1
    assert "CloudFormation knows of none" in capsys.readouterr().err
    sam(tmp_path, monkeypatch, "exec sleep 60")
    monkeypatch.setattr(deploying, "DEPLOY_SECONDS", 0.2)
    assert main(["deploy", "--stage", STAGE, "--template", built]) == 1
    assert "CloudFormation may still be at it" in capsys.readouterr().err


def test_a_first_key_that_cannot_be_made_is_told_beside_what_is_deployed(
    built: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sam(tmp_path, monkeypatch, "exit 0")
    monkeypatch.setattr(deploying, "find_stack", Mock(side_effect=[None, stack("CREATE_COMPLETE")]))
    client("ssm").put_parameter(Name=f"/lifeboat/{STAGE}/keys", Type="String", Value="no list of keys")
    assert main(["deploy", "--stage", STAGE, "--template", built]) == 1
    said = capsys.readouterr().err
    assert "stage dev is deployed at https://api.example.org, and its first key was not made" in said
    assert "make key STAGE=dev" in said
