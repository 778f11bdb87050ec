"""What the routes share: who may ask, which part of the store a request is about, what its parameters are."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Body, Depends, Header, Path, Query, Request

from functions.core.base.ids import MODEL, VERSION
from functions.core.http.api import guarded_by, holder_of, model_of, model_to_be, no_model
from functions.core.identity.caller import Caller, caller_of
from functions.core.registry.models import require_model
from functions.core.storage.service import service
from functions.core.storage.view import ModelStore
from functions.models.cards import Form
from functions.models.listing import PLACE
from functions.models.promotions import VERSION_EXAMPLES, Reason


def _default_model() -> str:
    return service().settings.default_model


def _default_or_named(request: Request, default: str) -> str:
    """The model of a path in which a version of the default model can stand in the place of a name."""
    if re.fullmatch(VERSION, str(request.path_params["model"])):
        return default
    return model_of(request, default)


def _part_of(subject: Callable[[Request, str], str]) -> Callable[[Request], Awaitable[ModelStore]]:
    """A dependency: the part of the store that a request is about.

    It raises `NotFound` for a model that is named in vain.
    """

    async def part(request: Request) -> ModelStore:
        store = ModelStore(service().store, subject(request, _default_model()))
        if request.path_params.get("model") == store.model:
            require_model(store)
        return store

    return part


async def _new_part(request: Request) -> ModelStore:
    return ModelStore(service().store, model_to_be(request, _default_model()))


async def _anybody(request: Request) -> Caller:
    return caller_of(request.scope["aws.event"])


_lister = holder_of("predict", _default_model, subject=no_model, also="read")
_administrator = holder_of("admin", _default_model)
_administrator_of_either = holder_of("admin", _default_model, subject=_default_or_named)
_reader_of_model = holder_of("predict", _default_model, also="read")
_reader_of_version = holder_of("read", _default_model, subject=_default_or_named)


async def _reader_of_either(request: Request) -> Caller:
    """A model is described to who may ask it; the manifest of a version has rows of its dataset in it."""
    is_version = re.fullmatch(VERSION, str(request.path_params["model"]))
    return await (_reader_of_version if is_version else _reader_of_model)(request)


ANYBODY = guarded_by(_anybody)
MAY_LIST = guarded_by(_lister)
MAY_READ = guarded_by(holder_of("read", _default_model))
MAY_READ_EITHER = guarded_by(_reader_of_either)
MAY_READ_SCHEMA = guarded_by(_reader_of_model)
MAY_CHANGE = guarded_by(_administrator)
MAY_WRITE_SCHEMA = guarded_by(holder_of("admin", _default_model, subject=model_to_be))
Anybody = Annotated[Caller, Depends(_anybody)]
Lister = Annotated[Caller, Depends(_lister)]
Administrator = Annotated[Caller, Depends(_administrator)]
_part_of_named = _part_of(model_of)
_part_of_either = _part_of(_default_or_named)
Part = Annotated[ModelStore, Depends(_part_of_named)]
PartOfEither = Annotated[ModelStore, Depends(_part_of_either)]
NewPart = Annotated[ModelStore, Depends(_new_part)]
Version = Annotated[str, Path(pattern=VERSION, examples=VERSION_EXAMPLES)]
NameOrVersion = Annotated[
    str,
    Path(
        alias="model",
        pattern=f"{MODEL}|{VERSION}",
        description="A model's name, or a version of the default model",
        examples=["churn"],
    ),
]
VersionQuery = Annotated[str, Query(pattern=VERSION, examples=VERSION_EXAMPLES)]
Limit = Annotated[int, Query(ge=1, le=100, description="The most to answer with")]
After = Annotated[str | None, Query(pattern=PLACE, description="`next` of the page before")]
AfterName = Annotated[str | None, Query(pattern=MODEL, description="`next` of the page before")]
Why = Annotated[
    Reason | None, Query(alias="reason", description="Why it is deleted: kept with its name and the caller's")
]
Before = Annotated[int | None, Query(ge=1, description="`next` of the page before: a sequence number")]
CardForm = Annotated[
    Form | None,
    Query(alias="format", description="What the card is written in; if not given, as `accept` says"),
]
Accept = Annotated[str, Header(include_in_schema=False)]
CARD_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The card",
        "content": {kind: {"schema": {"type": "string"}} for kind in ("text/markdown", "text/html")},
    }
}
_FIELDS = [{"name": "calls", "type": "integer"}, {"name": "churned", "type": "boolean"}]
SchemaDocument = Annotated[dict[str, Any], Body(examples=[{"fields": _FIELDS, "target": "churned"}])]


@dataclass(frozen=True)
class WhoseVersion:
    """How a path names a version, for the routes of one. title: in a summary, such as "a version".

    store, version, administrator: dependencies of FastAPI.
    """

    title: str
    store: Any
    version: Any
    administrator: Any
    may_read: list[Any]
    may_change: list[Any]


OF_ANY_MODEL = WhoseVersion(
    title="a version",
    store=Depends(_part_of_named),
    version=Path(pattern=VERSION, examples=VERSION_EXAMPLES),
    administrator=Depends(_administrator),
    may_read=MAY_READ,
    may_change=MAY_CHANGE,
)
OF_DEFAULT_MODEL = WhoseVersion(
    title="a version of the default model",
    store=Depends(_part_of_either),
    version=Path(
        alias="model",
        pattern=VERSION,
        description="A version of the default model",
        examples=VERSION_EXAMPLES,
    ),
    administrator=Depends(_administrator_of_either),
    may_read=guarded_by(_reader_of_version),
    may_change=guarded_by(_administrator_of_either),
)
