"""Who may sign in, as far as this API is told: where people are kept, and what each of their groups may do.

People are their provider's: no list of them is kept here. A token says of which groups its holder is.
"""

from typing import Literal

from pydantic import BaseModel, Field

from functions.core.identity.caller import SCOPES
from functions.core.identity.provider import parse_groups
from functions.keys.settings import KeysSettings

Keeper = Literal["nobody", "runner", "cognito", "provider"]


class Group(BaseModel):
    name: str = Field(examples=["annotators"])
    scopes: list[str]


class Person(BaseModel):
    id: str = Field(description="What is recorded of what they do", examples=["user:annotator"])
    scopes: list[str]


class People(BaseModel):
    """Who may sign in. Whoever did something here is also named where that is kept."""

    kept_by: Keeper = Field(
        description="`nobody`: there is no log-in, and keys are all there is; `runner`: of this machine; "
        "`cognito`: the user pool at `address`; `provider`: the one whose name is `address`"
    )
    address: str | None
    groups: list[Group] = Field(description="What groups and scopes of a token stand for")
    people: list[Person] = Field(description="Those that the runner of this machine knows; else nobody")


def describe_people(settings: KeysSettings) -> People:
    """What the settings tell of people. Raises `SystemExit` for groups that are none."""
    try:
        scopes = parse_groups(settings.login_groups)
    except ValueError as error:
        raise SystemExit(f"settings do not fit: LIFEBOAT_LOGIN_GROUPS: {error}") from error
    known = settings.login_people.split()
    keeper, address = _keeper(settings)
    # Each scope is a group of its own name, which needs no telling.
    groups = [Group(name=name, scopes=[*given]) for name, given in scopes.items() if name not in SCOPES]
    people = [Person(id=f"user:{name}", scopes=[*scopes.get(name, ())]) for name in known]
    return People(
        kept_by=keeper,
        address=address,
        groups=groups if keeper in ("cognito", "provider") else [],
        people=people,
    )


def _keeper(settings: KeysSettings) -> tuple[Keeper, str | None]:
    if settings.login_people:
        return "runner", None
    if settings.login_pool:
        return "cognito", settings.login_pool
    return ("provider", settings.login_issuer) if settings.login_issuer else ("nobody", None)
