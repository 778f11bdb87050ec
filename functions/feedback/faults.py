"""Faults of what was sent, as the error envelope has them: where, what would be right, and of which kind."""

import re
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

Fault = dict[str, Any]
DOES_NOT_FIT = "the input does not fit; `detail` says where"
# A name is the sender's to choose; of a long one, this much shows which it is.
_MAX_NAME = 100


def fault(loc: Iterable[str | int], msg: str, type_: str) -> Fault:
    """A fault; `loc` leads from the part of the request to the field."""
    return {
        "loc": [part if isinstance(part, int) else part[:_MAX_NAME] for part in loc],
        "msg": msg,
        "type": type_,
    }


def faults_of(error: ValidationError, where: str) -> list[Fault]:
    """What pydantic found in a part of the request."""
    return [fault([where, *item["loc"]], item["msg"], item["type"]) for item in error.errors()]


def matches(pattern: str, value: object) -> bool:
    """Whether a value is a text of this pattern, which has ^ and $: with no line end behind it."""
    return isinstance(value, str) and re.fullmatch(pattern, value) is not None
