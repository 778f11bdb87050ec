"""The environment variables of this process and of those it starts, set for a while."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from functions.local.listening import HOST

STORE = "LIFEBOAT_STORE"
KEYS = "LIFEBOAT_KEYS"
DEFAULT_MODEL = "LIFEBOAT_DEFAULT_MODEL"
ENDPOINT = "AWS_ENDPOINT_URL"


@contextmanager
def exported(variables: Mapping[str, str | None]) -> Iterator[None]:
    """Set variables of this process, and so of its children, for a while; None takes one away."""
    before = {name: os.environ.get(name) for name in variables}
    _set(variables)
    try:
        yield
    finally:
        _set(before)


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def leading_to(endpoint: str, region: str) -> dict[str, str | None]:
    """The environment in which boto3 talks to an S3 store on this machine and to nothing else."""
    return {
        ENDPOINT: endpoint,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SESSION_TOKEN": None,
        "AWS_PROFILE": None,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        # A proxy does not know this machine's ports.
        "NO_PROXY": ",".join(filter(None, [os.environ.get("NO_PROXY"), HOST])),
        "no_proxy": ",".join(filter(None, [os.environ.get("no_proxy"), HOST])),
    }
