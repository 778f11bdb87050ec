"""Where S3 is and who asks, read from the environment alone; nothing where the SDK might find something else.

The SDK (botocore) reads some forty variables, two shared files and the machine's own proxies. Here, whatever
is not known to change nothing makes for no target: the rule is what may be there, not what may not.
tests/core/storage/test_s3_target.py compares with the SDK.
"""

import os
import re
import sys
from collections.abc import Mapping
from typing import NamedTuple, Self
from urllib.parse import urlsplit

# Of two partitions, which differ in their domain. Those of the others (us-gov-west-1) are not of this form.
_REGION = re.compile(r"(af|ap|ca|cn|eu|il|me|mx|sa|us)-[a-z]+-[0-9]")
# Not those whose form means another kind of access: express buckets (--x-s3), aliases of access points
# (-s3alias, --ol-s3, .mrap), ARNs.
_BUCKET = re.compile(r"(?!.*(--|-s3alias$|\.mrap$|\.\.))[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
# In the form in which the SDK, too, sends it: no user, no default port, no query, no capitals.
# Compiled only where one is named, which in AWS none is.
_ENDPOINT = r"https?://[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]+)?(/[a-z0-9._~-]+)*/?"
_DEFAULT_PORTS = ("http", 80), ("https", 443)

_READ_HERE = {
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CA_BUNDLE",
}
# What Lambda and its emulators set, and what has no part in this: where credentials are in the environment,
# nobody asks the machine for any.
_MEANS_NOTHING = {"AWS_EXECUTION_ENV", "AWS_SAM_LOCAL", "AWS_EC2_METADATA_DISABLED"}
_MEANS_NOTHING_FROM_HERE = ("AWS_LAMBDA_", "AWS_XRAY_", "AWS_ENDPOINT_URL_")
# Whom to trust. Lambda's runtimes name their own list in the second; the SDK brings one along.
_CERTIFICATES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
_LAMBDAS_OWN = "/var/runtime/"
_FILES = (("AWS_CONFIG_FILE", "~/.aws/config"), ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"))
# Where the SDK looks for descriptions of services that go over its own.
_MODELS = "~/.aws/models"


class Target(NamedTuple):
    """Where objects of a bucket are asked for, path style, and by whom.

    host: with its port, if that is not the scheme's; path: what a key is put behind.
    """

    host: str
    is_secure: bool
    path: str
    region: str
    key: str
    secret: str
    token: str
    is_amazons: bool

    def knows_better(self, region: str) -> bool:
        """Whether to ask again as from `region`, which the store says the bucket is in."""
        return region != self.region and bool(_REGION.fullmatch(region))

    def moved_to(self, region: str) -> Self:
        """The same in another region. An endpoint that was named stays the one."""
        return self._replace(region=region, host=_amazons_host(region) if self.is_amazons else self.host)


def find_target(bucket: str) -> Target | None:
    """The target that the SDK would have for `bucket` in this environment; None where that is not certain.

    A list of doubts: each branch is one.
    """
    environment = os.environ
    region = environment.get("AWS_DEFAULT_REGION", "")
    key, secret = environment.get("AWS_ACCESS_KEY_ID", ""), environment.get("AWS_SECRET_ACCESS_KEY", "")
    token = environment.get("AWS_SESSION_TOKEN", "")
    if not all(map(_is_plain, (key, secret, token))) or not (key and secret):
        return None
    if not _REGION.fullmatch(region) or not _BUCKET.fullmatch(bucket):
        return None
    if not all(map(_is_understood, environment)) or _has_shared_files(environment):
        return None
    named = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL")
    if named and not re.fullmatch(_ENDPOINT, named):
        return None
    split = urlsplit(named or f"https://{_amazons_host(region)}")
    if not _has_usual_port(split.scheme, split.netloc) or _may_be_proxied(split.netloc, environment):
        return None
    if split.scheme == "https" and _has_own_certificates(environment):
        return None
    path = f"{split.path.rstrip('/')}/{bucket}/"
    return Target(split.netloc, split.scheme == "https", path, region, key, secret, token, not named)


def _amazons_host(region: str) -> str:
    if region == "us-east-1":
        # For the oldest region the SDK keeps to the oldest name.
        return "s3.amazonaws.com"
    return f"s3.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"


def _is_plain(credential: str) -> bool:
    """Whether it has nothing but visible ASCII, of which a header can be made as it is."""
    return credential.isascii() and credential.isprintable() and " " not in credential


def _is_understood(name: str) -> bool:
    """Whether a variable is none of the SDK's, or one whose meaning is known here."""
    if not name.startswith(("AWS_", "BOTO")):
        return True
    return name in _READ_HERE or name in _MEANS_NOTHING or name.startswith(_MEANS_NOTHING_FROM_HERE)


def _has_shared_files(environment: Mapping[str, str]) -> bool:
    """Whether the SDK would find settings in a file, or descriptions of services."""
    paths = (environment.get(variable, usual) for variable, usual in _FILES)
    # os.path, here and below: the import of pathlib would be a fiftieth of a cold start.
    return any(os.path.isfile(_expanded(path)) for path in paths) or os.path.isdir(_expanded(_MODELS))  # noqa: PTH112, PTH113


def _expanded(path: str) -> str:
    # By the functions that the SDK calls, so that no path is read otherwise; and without pathlib, see above.
    return os.path.expanduser(os.path.expandvars(path))  # noqa: PTH111


def _has_usual_port(scheme: str, netloc: str) -> bool:
    """Whether the port, if there is one, is a port and not the scheme's own, which the SDK leaves out."""
    _, colon, port = netloc.partition(":")
    return not colon or (0 < int(port) < 65_536 and (scheme, int(port)) not in _DEFAULT_PORTS)


def _may_be_proxied(netloc: str, environment: Mapping[str, str]) -> bool:
    """Whether a request may have to go through a proxy: of the environment, or of a desktop's settings."""
    host = netloc.partition(":")[0]
    direct = environment.get("no_proxy", environment.get("NO_PROXY", ""))
    if host in map(str.strip, direct.split(",")):
        return False
    if sys.platform != "linux":
        return True
    return any(name.lower() in ("http_proxy", "https_proxy") for name in environment)


def _has_own_certificates(environment: Mapping[str, str]) -> bool:
    named = filter(None, map(environment.get, _CERTIFICATES))
    return not all(path.startswith(_LAMBDAS_OWN) for path in named)
