"""What has to be refused, whoever asks, and what is kept of a retrain that failed."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from functions.local.process.environment import Credentials
from tests.deploy.stage import Stage, wait_for
from tests.support.titanic import MODEL, TABLE

UPLOADER = "uploader"


def make_uploader(stage: Stage) -> Credentials:
    """A user who may do everything with S3, as far as nobody else has a say in it."""
    iam: Any = stage.emulator.client("iam")
    iam.create_user(UserName=UPLOADER)
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=UPLOADER, PolicyName="everything", PolicyDocument=document)
    made = iam.create_access_key(UserName=UPLOADER)["AccessKey"]
    return Credentials(made["AccessKeyId"], made["SecretAccessKey"])


def refuse_plain_http(stage: Stage, uploader: Credentials) -> None:
    stage.emulator.client("s3", uploader).list_objects_v2(Bucket=stage.bucket)
    plain = stage.emulator.client("s3", uploader, plain=True)
    assert _is_denied(partial(plain.list_objects_v2, Bucket=stage.bucket))


def keep_models_from_uploaders(stage: Stage, uploader: Credentials) -> None:
    """By the bucket's own policy, whatever the roles and users of the account may do."""
    s3: Any = stage.emulator.client("s3", uploader)
    version = f"models/{MODEL}/0123456789abcdef/model.onnx"
    champion = f"registry/{MODEL}/champion.json"
    for key in (version, champion):
        assert _is_denied(partial(s3.put_object, Bucket=stage.bucket, Key=key, Body=b""))
        assert _is_denied(partial(s3.delete_object, Bucket=stage.bucket, Key=key))
    s3.put_object(Bucket=stage.bucket, Key="schemas/by-an-uploader.txt", Body=b"")


def keep_a_failed_retrain(stage: Stage) -> None:
    """The event of an upload that retrain may not read waits in the failure queue."""
    key = f"datasets/{MODEL}/not readable.csv"
    with _without(stage, "RetrainRole", "ReadDatasetsModelsRegistryAndSchemas", "ReadTheUploadedVersion"):
        stage.put(key, b"".join(TABLE.read_bytes().splitlines(keepends=True)[:600]))
        body = wait_for("the failure queue", lambda: _received(stage))
    failed = json.loads(body)
    [record] = failed["requestPayload"]["Records"]
    assert record["s3"]["object"]["key"] == key.replace(" ", "+")
    assert failed["responseContext"]["functionError"] == "Unhandled"


def _received(stage: Stage) -> str | None:
    queue = stage.outputs["RetrainFailuresUrl"]
    messages = stage.emulator.client("sqs").receive_message(QueueUrl=queue).get("Messages", [])
    return str(messages[0]["Body"]) if messages else None


@contextmanager
def _without(stage: Stage, role: str, *statements: str) -> Iterator[None]:
    """Take statements out of a role for a while."""
    iam: Any = stage.emulator.client("iam")
    name = stage.resources[role]
    [policy] = iam.list_role_policies(RoleName=name)["PolicyNames"]
    document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
    less = [statement for statement in document["Statement"] if statement["Sid"] not in statements]
    assert len(document["Statement"]) - len(less) == len(statements)
    _write(iam, name, policy, {**document, "Statement": less})
    try:
        yield
    finally:
        _write(iam, name, policy, document)


def _write(iam: Any, role: str, policy: str, document: Any) -> None:
    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))


def _is_denied(call: Callable[[], Any]) -> bool:
    try:
        call()
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    return False
