"""The environment of this process and of those it starts: made of what they need, not the caller's."""

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from functions.local.process.listening import HOST

STORE = "LIFEBOAT_STORE"
KEYS = "LIFEBOAT_KEYS"
DEFAULT_MODEL = "LIFEBOAT_DEFAULT_MODEL"
LOGIN_ISSUER = "LIFEBOAT_LOGIN_ISSUER"
TRACKING = "LIFEBOAT_TRACKING_URI"
ENDPOINT = "AWS_ENDPOINT_URL"
REGION = "us-east-1"

# Where programs and temporary files are, and what an interpreter may need to find its own libraries: the one
# that starts another needed it, too.
_NEEDED = frozenset(
    {"PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"}
)
# The settings of this project, each of them read and checked by a settings class.
_OURS = "LIFEBOAT_"
# The way to AWS, or to another store that is not on this machine.
_PROXIES = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"})
_CERTIFICATES = frozenset({"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"})
_FIXED = {"ORT_DISABLE_TELEMETRY": "1", "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}
# No file of the caller's and no address of a cloud machine says anything of a store on this machine.
_NO_AWS = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    # macOS has proxies that no variable names, and asks them unless one says not to.
    "NO_PROXY": HOST,
    "no_proxy": HOST,
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key of S3's kind."""

    access_key: str
    secret_key: str


def new_credentials() -> Credentials:
    """Credentials that nobody can guess, for one run."""
    return Credentials(f"LB{secrets.token_hex(9).upper()}", secrets.token_hex(20))


def asks_for_embedded_store(caller: Mapping[str, str]) -> bool:
    """Whether an environment names no store, so that one is made for it."""
    return not (caller.get(ENDPOINT) or caller.get(STORE))


def asks_for_aws(caller: Mapping[str, str]) -> bool:
    """Whether an environment names a place that is reached with its AWS settings."""
    if asks_for_embedded_store(caller):
        return False
    named = caller.get(ENDPOINT), caller.get(STORE, "").startswith("s3://")
    return any(named) or caller.get(KEYS, "").startswith("ssm:")


def needed_of(caller: Mapping[str, str]) -> dict[str, str]:
    """The environment of processes that are started here: what they need of the caller's, and no more.

    AWS settings, proxies and certificates are part of it only where `caller` asks for AWS.
    """
    aws = asks_for_aws(caller)
    needed = {
        name: value
        for name, value in caller.items()
        if name in _NEEDED or name.startswith(_OURS) or (aws and _leads_to_aws(name))
    }
    return needed | ({} if aws else _NO_AWS) | _FIXED


def leading_to(endpoint: str, credentials: Credentials) -> dict[str, str]:
    """The variables by which boto3 talks to a store on this machine."""
    return _NO_AWS | {
        ENDPOINT: endpoint,
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }


def leading_only_to(endpoint: str, credentials: Credentials) -> dict[str, str | None]:
    """The same, for `exported`: it takes away whatever else leads boto3 somewhere in this process."""
    elsewhere: dict[str, str | None] = {name: None for name in os.environ if _leads_to_aws(name)}
    return elsewhere | leading_to(endpoint, credentials)


def _leads_to_aws(name: str) -> bool:
    return name.startswith("AWS_") or name == "BOTO_CONFIG" or name.upper() in _PROXIES | _CERTIFICATES


@contextmanager
def exported(variables: Mapping[str, str | None]) -> Iterator[None]:
    """Set variables of this process, and so of its children, for a while; None takes one away."""
    before = {name: os.environ.get(name) for name in variables}
    _set(variables)
    try:
        yield
    finally:
        _set(before)


@contextmanager
def replaced(environment: Mapping[str, str]) -> Iterator[None]:
    """Let `environment` be all of this process's, and so of its children's, for a while."""
    gone: dict[str, str | None] = {name: None for name in os.environ if name not in environment}
    with exported(gone | dict(environment)):
        yield


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
