"""Where the AWS SDK's calls go from this environment: to whose account, or to which other endpoint."""

from typing import Any
from urllib.parse import urlsplit

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

_AWS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")
# Somebody sits in front of this and waits.
_CONFIG = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2})


def describe_account(service: str) -> str:
    """The account, identity and region that calls of `service` are for, or the endpoint that is not AWS.

    Raises `RuntimeError` when AWS does not say, or the settings of this environment name nothing usable.
    """
    try:
        session = Session()
        endpoint: str = session.create_client(service).meta.endpoint_url
        if not str(urlsplit(endpoint).hostname).endswith(_AWS):
            return f"{endpoint}, which is not AWS"
        client: Any = session.create_client("sts", config=_CONFIG)
        identity = client.get_caller_identity()
        region = client.meta.region_name
    except (BotoCoreError, ClientError, ValueError) as error:
        raise RuntimeError(
            f"AWS does not say whose account this is ({error}); sign in, or name a profile in AWS_PROFILE"
        ) from error
    return f"AWS account {identity['Account']} as {identity['Arn']}, region {region}"
