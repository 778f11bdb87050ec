"""A parameter in AWS Systems Manager; botocore and its errors stop here.

boto3 is left out: it would add a third to the import, for which every cold start of the authorizer waits.
"""

import random
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NoReturn

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnected
from botocore.session import Session

from functions.core.base.errors import Conflict, NotFound, ParameterFull, StoreUnavailable
from functions.core.storage.parameter import Change

# What SSM keeps in one parameter: free up to 4,096 characters, as an advanced parameter above.
MAX_CHARACTERS = 8_192
_ATTEMPTS = 30
_LONGEST_PAUSE = 5.0
# Of the operating system: two processes restored from one snapshot do not pause alike.
_CHANCE = random.SystemRandom()
# Writers that race do so within moments. What is older was read by whoever wrote the newest version.
_RACING = timedelta(minutes=1)
_CONFIG = Config(
    # Given up after 7 seconds at most (two attempts and a pause between them): within the 10 that API Gateway
    # gives an authorizer, which then goes on with what it knows.
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "total_max_attempts": 2},
)


class SsmParameter:
    """A parameter in AWS Systems Manager. Region, credentials and endpoint come from the usual AWS variables.

    SSM overwrites without a condition, but it numbers the versions and keeps the last hundred. So a writer
    reads the latest versions, writes, and looks at the number. Unless it is the next one, somebody wrote in
    between and was overwritten unread: then it starts again, with the hidden version among the latest. As
    each write is made of all of these, it also mends what a writer left behind that died before it could.

    The text is not encrypted: nothing that needs it belongs here.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        try:
            self._ssm = Session().create_client("ssm", config=_CONFIG)
        except (BotoCoreError, ValueError) as error:
            raise StoreUnavailable(
                "the AWS settings of this environment name no usable parameter store"
            ) from error

    def read(self) -> str:
        return _text(self._call("get_parameter", "Parameter")["Parameter"])

    def update(self, change: Change) -> None:
        seen = 0
        for attempt in range(_ATTEMPTS):
            versions = self._versions(since=seen)
            # Whatever was written after the first look counts, however long this writer was held up.
            seen = seen or (_number(versions[-1]) if versions else 1)
            text = change([_text(version) for version in versions])
            if len(text) > MAX_CHARACTERS:
                raise ParameterFull(
                    f"{self._name} can hold {MAX_CHARACTERS:,} characters; this would take {len(text):,}"
                )
            newest = _number(versions[-1]) if versions else 0
            if self._write(text, first=not versions) == newest + 1:
                return
            # Ever longer, so that the others get ahead, however slow the machine or the line is.
            time.sleep(_CHANCE.uniform(0, min(0.1 * 2**attempt, _LONGEST_PAUSE)))
        raise Conflict(
            f"{self._name} is being changed by others all the time; try again: that also mends what was "
            "overwritten unread meanwhile"
        )

    def _write(self, text: str, *, first: bool) -> int | None:
        """The number of the version written; None when it was to be the first and another was faster."""
        try:
            answer = self._call(
                "put_parameter",
                "Version",
                Value=text,
                Type="String",
                Tier="Intelligent-Tiering",
                Overwrite=not first,
            )
        except Conflict:
            return None
        return _number(answer)

    def _versions(self, *, since: int) -> list[dict[str, Any]]:
        """The latest versions, oldest first, as SSM describes them; none when there is no such parameter.

        They are those of the last minute before the newest, and all from the number `since` on, if that is
        not 0.
        """
        versions: list[dict[str, Any]] = []
        more: dict[str, str] = {}
        while True:
            try:
                page = self._call("get_parameter_history", "Parameters", **more)
            except NotFound:
                return []
            versions += page["Parameters"]
            if not page.get("NextToken"):
                break
            more = {"NextToken": page["NextToken"]}
        if not versions:
            raise _damaged("a history without versions")
        versions.sort(key=_number)
        *older, newest = versions
        racing = _moment(newest) - _RACING
        recent = (version for version in older if _moment(version) >= racing or 0 < since <= _number(version))
        return [*recent, newest]

    def _call(self, operation: str, wanted: str, /, **arguments: Any) -> dict[str, Any]:
        """SSM's answer, in which `wanted` stands."""
        try:
            answer: dict[str, Any] = getattr(self._ssm, operation)(Name=self._name, **arguments)
        except Exception as error:
            # Any: of bytes damaged on the way the SDK's parsers make a ValueError, an AttributeError...
            self._translate(error)
        if not answer.get(wanted):
            # So the SDK reads a page in HTML, or JSON that was cut.
            raise _damaged(f"an answer without {wanted}")
        return answer

    def _translate(self, error: Exception) -> NoReturn:
        code = str(error.response.get("Error", {}).get("Code")) if isinstance(error, ClientError) else ""
        if code == "ParameterNotFound":
            raise NotFound(f"there is no parameter {self._name}") from error
        if code == "ParameterAlreadyExists":
            raise Conflict(f"{self._name} was written by somebody else first") from error
        if code == "AccessDeniedException":
            raise StoreUnavailable(f"access to the parameter {self._name} is denied") from error
        if isinstance(error, ClientError):
            raise StoreUnavailable(f"the parameter store refused: {code}") from error
        if isinstance(error, (HTTPClientError, NotConnected)):
            raise StoreUnavailable("the parameter store could not be reached in time; try again") from error
        raise _damaged("one that the SDK cannot read") from error


def _damaged(reason: str) -> StoreUnavailable:
    return StoreUnavailable(f"the parameter store gave an answer that cannot be used: {reason}")


def _text(version: Mapping[str, Any]) -> str:
    if not isinstance(version.get("Value"), str):
        raise _damaged("a parameter without a Value")
    return str(version["Value"])


def _number(version: Mapping[str, Any]) -> int:
    if not isinstance(version.get("Version"), int):
        raise _damaged("a parameter without a Version")
    return int(version["Version"])


def _moment(version: Mapping[str, Any]) -> datetime:
    if not isinstance(moment := version.get("LastModifiedDate"), datetime):
        raise _damaged("a parameter without its date")
    return moment
