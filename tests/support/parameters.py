"""The parameters of the embedded store."""

from typing import Any

from botocore.session import Session


def wait_for_parameters(endpoint: str | None = None) -> None:
    """Ask for nothing in particular, with the patience of the SDK.

    moto imports a service at its first request: on a busy machine that takes longer than the functions wait.
    """
    ssm: Any = Session().create_client("ssm", endpoint_url=endpoint)
    ssm.describe_parameters()
