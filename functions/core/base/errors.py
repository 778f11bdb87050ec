"""Failures as types: raised where they are understood, mapped to HTTP in one table (`core.http.refusals`)."""

from collections.abc import Sequence
from typing import Any


class LifeboatError(Exception):
    """Base of every failure that Lifeboat understands; its text is safe to show to a caller."""


class InvalidInput(LifeboatError):
    """The caller sent something that cannot be scored. `detail` says where: loc, msg, type of each fault."""

    def __init__(self, message: str, detail: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__(message)
        self.detail = detail


class PayloadTooLarge(LifeboatError):
    """The caller sent more than a request may hold."""


class UnreadableBody(LifeboatError):
    """The caller sent no body where one is needed, or one that cannot be decoded."""


class UnsupportedMediaType(LifeboatError):
    """The caller sent a body of a type that is not read here."""


class NoChampion(LifeboatError):
    """No usable model is in service."""


class UnusableModel(LifeboatError):
    """A model object is damaged, does not match its manifest, or cannot be loaded."""


class UnusableRecord(LifeboatError):
    """A record that a function keeps for itself is damaged."""


class UnsoundAnswer(UnusableModel):
    """A model in service answered a row with what is no probability; nothing of it was told."""


class NotFound(LifeboatError):
    """The store has no object of that name (or no such version of it)."""


class Conflict(LifeboatError):
    """Somebody else wrote first; nothing was written."""


class StoreUnavailable(LifeboatError):
    """The store did not answer, refused access, or gave an answer that cannot be used."""


class KeyTooLong(InvalidInput):
    """A name is longer than a store's keys may be; nothing was written."""


class UnsafeStore(LifeboatError):
    """The store ignores conditional writes, so a promotion could be lost there without a sign."""


class UnprovenModel(LifeboatError):
    """The exported graph and the fitted pipeline disagree; the graph is not published."""


class Unauthorized(LifeboatError):
    """The caller showed no key, or one that does not count. key_id: of one that counted once; "" else."""

    def __init__(self, message: str, *, key_id: str = "") -> None:
        super().__init__(message)
        self.key_id = key_id


class Forbidden(LifeboatError):
    """The caller's key counts, but not for this."""


class TooManyHeaders(LifeboatError):
    """The caller sent more headers than a request may have."""


class ParameterFull(LifeboatError):
    """A parameter cannot hold as much as was to be written; nothing was."""


class UnusableKeys(LifeboatError):
    """The list of keys is damaged."""
