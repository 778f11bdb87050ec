"""What is told of keys, and what is asked for: never a secret but once."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from functions.core.base.ids import MODEL
from functions.core.identity.caller import SCOPES
from functions.core.identity.keys import MAX_DAYS, MAX_MODELS, MAX_NOTE, NOTE, Key, State

Scope = Literal["predict", "feedback", "read", "admin"]


class ListedKey(BaseModel):
    """A key, by its id, which is no secret."""

    id: str = Field(examples=["0123abcd"])
    scopes: list[str]
    note: str = Field(description="Who uses it, and what for")
    models: list[str] = Field(description="Those that it is for; empty: all")
    created: datetime
    expires: datetime | None
    revoked: datetime | None
    state: State


class KeyPage(BaseModel):
    """Keys that ended a month ago are not listed any more."""

    keys: list[ListedKey] = Field(description="Newest first")


class MadeKey(ListedKey):
    key: str = Field(description="The key itself. It is shown once: nobody can look it up later")
    notes: list[str] = Field(
        description="Sentences about `models`: those that there are not so far, or that it could not be "
        "looked up which there are. The key is made all the same, and may be for a model to come"
    )


class KeyRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    scopes: list[Scope] = Field(min_length=1, max_length=len(SCOPES))
    # The words of `make_key` say it better than that a pattern does not match.
    note: str = Field(
        min_length=1,
        max_length=MAX_NOTE,
        json_schema_extra={"pattern": NOTE},
        examples=["the shop's till"],
    )
    models: list[Annotated[str, Field(pattern=MODEL, examples=["churn"])]] = Field(
        [],
        max_length=MAX_MODELS,
        description="Those that it is for; empty: all. `notes` of the answer name which there are not yet",
    )
    days: int | None = Field(None, ge=1, le=MAX_DAYS, description="Until it expires; null: it does not")


def listed(key: Key, now: datetime) -> ListedKey:
    """What is told of a key."""
    return ListedKey(
        id=key.id,
        scopes=[*key.scopes],
        note=key.note,
        models=[*key.models],
        created=key.created,
        expires=key.expires,
        revoked=key.revoked,
        state=key.state(now),
    )


def page(keys: Iterable[Key], now: datetime) -> KeyPage:
    ordered = sorted(keys, key=lambda key: (key.created, key.id), reverse=True)
    return KeyPage(keys=[listed(key, now) for key in ordered])
