"""The parameters of the embedded store."""

from typing import Any

from botocore.session import Session


def wait_for_parameters() -> None:
    """Ask for nothing in particular, with the patience of the SDK.

    moto imports a service at its first request: on a busy machine that takes longer than the functions wait.
    """
    ssm: Any = Session().create_client("ssm")
    ssm.describe_parameters()
