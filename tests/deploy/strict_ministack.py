"""MiniStack, watched, and as strict as AWS where it is not: run by the Python of .venv-deploy.

It imports nothing of this repository. What it changes of MiniStack 1.5.33, whose version the lock fixes:

- Each call by a role is noted in the file that CALLS names, one JSON object a line.
- Who asks S3 for a key that is not there needs s3:ListBucket, or is refused as by AWS (403, not 404). It may
  not hang on a condition on s3:prefix: nowhere does AWS say that there is such a key in this request.
- aws:PrincipalArn of a session is its role's ARN, by which policies know it; MiniStack has the session's:
  https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
- Beside TLS it speaks plain HTTP, at PLAIN_PORT, so that it can be seen whether that is refused.
- It does not take port 443 of this machine, and has no container registry, which takes /v2 from every API.
"""

import json
import os
from pathlib import Path
from typing import Any

import hypercorn.config  # type: ignore[import-not-found]
from ministack import app  # type: ignore[import-not-found]
from ministack.core import iam_evaluator  # type: ignore[import-not-found]
from ministack.core.responses import get_account_id  # type: ignore[import-not-found]
from ministack.services import s3  # type: ignore[import-not-found]

CALLS = Path(os.environ["CALLS"])
READS = {"s3:GetObject", "s3:GetObjectVersion"}

_judge = iam_evaluator.enforce
_condition_key = iam_evaluator._resolve_condition_key


def judge(
    access_key: str,
    action: str,
    service: str,
    region: str,
    resource_arn: str = "*",
    service_context: dict[str, Any] | None = None,
) -> Any:
    """What MiniStack says of a call (None: allowed), noted; and of a read, whether its key may be missing."""
    denied = _judge(access_key, action, service, region, resource_arn, service_context)
    context = {name.lower(): value for name, value in (service_context or {}).items()}
    note(access_key, action, resource_arn, prefix(context), denied)
    if denied is None and action in READS and is_missing(resource_arn):
        bucket = resource_arn.partition("/")[0]
        denied = _judge(access_key, "s3:ListBucket", service, region, bucket, {})
        note(access_key, "s3:ListBucket", bucket, None, denied)
    return denied


def note(access_key: str, action: str, resource_arn: str, prefix: str | None, denied: Any) -> None:
    principal = iam_evaluator.resolve_principal(access_key or "", get_account_id())
    arn = getattr(principal, "arn", "")
    if ":assumed-role/" not in arn:
        return
    line = {
        "role": arn.split("/")[1],
        "action": action,
        "resource": resource_arn,
        "prefix": prefix,
        "allowed": denied is None,
    }
    with CALLS.open("a") as calls:
        calls.write(json.dumps(line) + "\n")


def prefix(context: dict[str, Any]) -> str | None:
    value = context.get("s3:prefix")
    return value[0] if isinstance(value, list) and value else value or None


def is_missing(resource_arn: str) -> bool:
    bucket, _, key = resource_arn.removeprefix("arn:aws:s3:::").partition("/")
    kept = s3._buckets.get(bucket)
    return kept is not None and key not in kept["objects"]


def condition_key(key: str, context: Any) -> Any:
    value = _condition_key(key, context)
    if key.lower() == "aws:principalarn" and ":assumed-role/" in value:
        role = value.split("/")[1]
        return f"arn:aws:iam::{context.principal_account}:role/{role}"
    return value


class TwoPorts(hypercorn.config.Config):  # type: ignore[misc]
    """TLS where MiniStack is told to listen, and plain HTTP at another port."""

    def __init__(self) -> None:
        super().__init__()
        self.insecure_bind = [f"127.0.0.1:{os.environ['PLAIN_PORT']}"]


if __name__ == "__main__":
    iam_evaluator.enforce = judge
    iam_evaluator._resolve_condition_key = condition_key
    hypercorn.config.Config = TwoPorts
    app._port_is_bindable = lambda *_: False
    app._is_ecr_registry_path = lambda _: False
    app.main()
