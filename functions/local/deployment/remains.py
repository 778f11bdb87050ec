"""What belongs to a stage and is in no stack, or outlives it: bucket, keys, log groups, bundles."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from functions.local.deployment.account import Account, NotReady

# As many as S3 deletes with one call.
BATCH = 1000
# Where SAM puts bundles: one bucket for an account and region, shared by all that SAM deploys.
SAM_STACK = "aws-sam-cli-managed-default"


@dataclass(frozen=True, slots=True)
class Remains:
    """versions: of objects in the bucket, markers of deletion included; None when there is no bucket.

    bundles: versions of what SAM has uploaded of this stage into `sam_bucket`.
    """

    bucket: str
    versions: int | None
    size: int
    parameter: str | None
    log_groups: list[str]
    sam_bucket: str | None
    bundles: int

    def __bool__(self) -> bool:
        return self.versions is not None or bool(self.parameter or self.log_groups or self.bundles)


def bucket_of(account: Account, stage: str) -> str:
    return f"lifeboat-{stage}-{account.id}-{account.region}"


def has_bucket(account: Account, stage: str) -> bool:
    """Raises `NotReady` when it is not to be seen by these credentials, or somebody else's."""
    bucket = bucket_of(account, stage)
    try:
        account.client("s3").head_bucket(Bucket=bucket, ExpectedBucketOwner=account.id)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == 404:
            return False
        raise NotReady(
            f"S3 answers {status} for the bucket {bucket}: these credentials lack s3:ListBucket on it "
            "(docs/deploy-options.md lists what deploying takes), or another account has taken its name: "
            "then deploy another STAGE"
        ) from error
    return True


def find_remains(account: Account, stage: str) -> Remains:
    """What there is of a stage beside its stack."""
    bucket = bucket_of(account, stage)
    versions, size = None, 0
    if has_bucket(account, stage):
        sizes = [item.get("Size", 0) for item in _versions(account, bucket)]
        versions, size = len(sizes), sum(sizes)
    sam_bucket = _sam_bucket(account)
    bundles = sum(1 for _ in _versions(account, sam_bucket, f"lifeboat-{stage}/")) if sam_bucket else 0
    return Remains(
        bucket, versions, size, _parameter(account, stage), _log_groups(account, stage), sam_bucket, bundles
    )


def remove_remains(account: Account, stage: str, remains: Remains) -> None:
    """Delete all of it, for good. Done again after a failure, it goes on where it stopped."""
    if remains.versions is not None:
        _empty(account, remains.bucket)
        account.client("s3").delete_bucket(Bucket=remains.bucket)
    if remains.parameter:
        account.client("ssm").delete_parameter(Name=remains.parameter)
    for group in remains.log_groups:
        account.client("logs").delete_log_group(logGroupName=group)
    if remains.sam_bucket:
        _empty(account, remains.sam_bucket, f"lifeboat-{stage}/")


def _versions(account: Account, bucket: str, prefix: str = "") -> Iterator[dict[str, Any]]:
    pages = account.client("s3").get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        yield from page.get("Versions", ())
        yield from page.get("DeleteMarkers", ())


def _empty(account: Account, bucket: str, prefix: str = "") -> None:
    """Delete every version below a prefix. Raises `NotReady` with the first that S3 kept."""
    s3: Any = account.client("s3")
    # Versions that ObjectLockDays keeps need it; where nothing is locked, S3 refuses it.
    bypass = {"BypassGovernanceRetention": True} if _is_locked(s3, bucket) else {}
    versions = [
        {"Key": item["Key"], "VersionId": item["VersionId"]} for item in _versions(account, bucket, prefix)
    ]
    for start in range(0, len(versions), BATCH):
        objects = versions[start : start + BATCH]
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True}, **bypass)
        if kept := answer.get("Errors"):
            raise NotReady(
                f"S3 did not delete {kept[0]['Key']} of {bucket} ({kept[0]['Code']}), and "
                f"{len(kept) - 1} more: does the bucket's policy allow it, and OperatorArns?"
            )


def _is_locked(s3: Any, bucket: str) -> bool:
    try:
        return bool(s3.get_object_lock_configuration(Bucket=bucket).get("ObjectLockConfiguration"))
    except ClientError:
        return False


def _parameter(account: Account, stage: str) -> str | None:
    name = f"/lifeboat/{stage}/keys"
    try:
        account.client("ssm").get_parameter(Name=name)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ParameterNotFound":
            return None
        raise
    return name


def _log_groups(account: Account, stage: str) -> list[str]:
    pages = account.client("logs").get_paginator("describe_log_groups")
    return [
        group["logGroupName"]
        for service in ("lambda", "vendedlogs", "kinesisfirehose")
        for page in pages.paginate(logGroupNamePrefix=f"/aws/{service}/lifeboat-{stage}-")
        for group in page["logGroups"]
    ]


def _sam_bucket(account: Account) -> str | None:
    try:
        [stack] = account.client("cloudformation").describe_stacks(StackName=SAM_STACK)["Stacks"]
    except ClientError:
        return None
    outputs = {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", ())}
    return outputs.get("SourceBucket")
