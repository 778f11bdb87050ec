"""The account of AWS that a stage is deployed to: whose it is, and whether it has room."""

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnected
from botocore.session import Session

# AWS leaves no account fewer that are nobody's: Lambda refuses a reservation that would.
UNRESERVED = 100
# A new account gets 10, of which one upload and a few readers use up all.
FEW = 50
# us-east-1, ap-southeast-7, us-gov-west-1, mx-central-1.
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+){1,2}-[0-9]{1,2}")
_REFUSED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"})
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"})
_CONFIG = Config(connect_timeout=5, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 5})


class NotReady(Exception):
    """The account, or what is left in it, is in the way: the text says what to do."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whose credentials these are, and for which region."""

    id: str
    identity: str
    region: str
    session: Session

    def client(self, service: str, region: str | None = None) -> Any:
        return self.session.create_client(service, region_name=region or self.region, config=_CONFIG)

    def __str__(self) -> str:
        return f"account {self.id} as {self.identity}, region {self.region}"


def find_account(session: Session | None = None) -> Account:
    """The account that this environment's credentials are of. Raises `NotReady`."""
    session = session or Session()
    region = _region_of(session)
    try:
        sts: Any = session.create_client("sts", region_name=region, config=_CONFIG)
        identity = sts.get_caller_identity()
    except (NotConnected, HTTPClientError) as error:
        raise NotReady(
            f"nobody answers for the region {region} ({error}): {_doubt(session, region)}"
            "does this machine reach AWS (HTTPS_PROXY)?"
        ) from error
    except (BotoCoreError, ClientError) as error:
        raise NotReady(
            f"AWS does not say whose account this is ({error}); sign in (`aws sso login`), or name a profile "
            "in AWS_PROFILE. In a region that has to be enabled first, no credentials count until it is"
        ) from error
    return Account(identity["Account"], identity["Arn"], region, session)


def _region_of(session: Session) -> str:
    """Raises `NotReady` for what is no name of a region. Whether there is such a region, AWS knows."""
    try:
        region: str | None = session.get_config_variable("region")
    except BotoCoreError as error:
        raise NotReady(
            f"the settings of AWS cannot be used ({error}): `aws configure list-profiles` names the profiles"
        ) from error
    if not region:
        raise NotReady("no region is named: AWS_DEFAULT_REGION=eu-west-1 make ..., or `aws configure`")
    if not _REGION.fullmatch(region):
        raise NotReady(
            f"{region!r} is no name of a region{_alike(session, region)}: AWS_DEFAULT_REGION=eu-west-1 "
            "make ..., or `aws configure`"
        )
    return region


def _doubt(session: Session, region: str) -> str:
    """Whether that is a region's name, as a question; nothing for one that the SDK knows."""
    if region in _known_regions(session):
        return ""
    return f"is that its name{_alike(session, region)}, and "


def _alike(session: Session, region: str) -> str:
    """A region that somebody may have meant, in brackets; nothing where none is similar."""
    alike = get_close_matches(region.strip().lower(), _known_regions(session), n=1)
    return f" ({alike[0]}?)" if alike else ""


def _known_regions(session: Session) -> list[str]:
    """Those that this release of the SDK knows: there may be newer ones."""
    return [
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("lambda", partition_name=partition)
    ]


def explain(error: BotoCoreError | ClientError) -> str:
    """What AWS, or the way to it, has against a call, and what to do."""
    code = _code(error) if isinstance(error, ClientError) else ""
    if code in _REFUSED:
        return (
            f"these credentials may not do it: {error}. What deploying takes is listed in "
            "docs/deploy-options.md, under From GitHub"
        )
    if code in _EXPIRED:
        return (
            f"the sign-in has ended ({error}): sign in (`aws sso login`) and do the same again; it goes on "
            "where it stopped"
        )
    return f"AWS refuses, or is out of reach: {error}"


def check_concurrency(account: Account, reserved: int, reserved_now: int = 0) -> str | None:
    """Whether so many executions can be reserved. Returns what else people should know, if anything.

    reserved: of the deployment, 0 for none. reserved_now: what predict of this stage has already.
    Raises `NotReady` when the account has too few.
    """
    try:
        limits = account.client("lambda").get_account_settings()["AccountLimit"]
    except ClientError as error:
        return f"Not checked: how many executions the account may have ({_code(error)})"
    total, free = limits["ConcurrentExecutions"], limits["UnreservedConcurrentExecutions"] + reserved_now
    if reserved and free - reserved < UNRESERVED:
        raise NotReady(
            f"ReservedConcurrency={reserved} is too much: of the account's {total} executions {free} are "
            "free, and "
            f"AWS wants {UNRESERVED} left. Reserve at most {max(0, free - UNRESERVED)}, or ask for more: "
            "Service "
            "Quotas, AWS Lambda, Concurrent executions"
        )
    if total < FEW:
        return (
            f"This account may have {total} executions at once, which is enough to try it. Ask for more "
            "before anybody "
            "relies on it: Service Quotas, AWS Lambda, Concurrent executions"
        )
    return None


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", error))
