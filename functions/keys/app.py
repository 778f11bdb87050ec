"""The routes of the keys function: all of them take the scope `admin`."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated

from fastapi import Depends, Path

from functions.core.base.errors import Forbidden, InvalidInput
from functions.core.base.logs import log
from functions.core.http.api import add_document, guarded_by, holder_of, new_api, no_model
from functions.core.http.refusals import error_answers
from functions.core.identity.caller import Caller
from functions.core.identity.key_list import add, all_keys, revoke
from functions.core.identity.keys import make_key
from functions.core.storage.parameter import Parameter
from functions.core.storage.parameter_opening import open_parameter
from functions.core.storage.service import service
from functions.keys.models import note_models
from functions.keys.people import People, describe_people
from functions.keys.settings import KeysSettings
from functions.keys.shapes import KeyPage, KeyRequest, ListedKey, MadeKey, listed, page


@lru_cache(maxsize=1)
def settings() -> KeysSettings:
    return KeysSettings.from_environment()


@lru_cache(maxsize=1)
def parameter() -> Parameter:
    return open_parameter(settings().keys)


def _default_model() -> str:
    return settings().default_model


_administrator = holder_of("admin", _default_model, subject=no_model)
MAY_ADMINISTER = guarded_by(_administrator)


async def _of_all_models(caller: Annotated[Caller, Depends(_administrator)]) -> Caller:
    """The caller. Who administers some models must not make a key for all of them."""
    if caller.models is not None:
        raise Forbidden("keys are for an administrator of all models to see and to make")
    return caller


Administrator = Annotated[Caller, Depends(_of_all_models)]
KeyId = Annotated[str, Path(alias="id", pattern=r"^[0-9a-f]{8}$", examples=["0123abcd"])]

app = new_api("Lifeboat: keys", "Who may ask what: keys made, listed and revoked, and where people are.")


@app.get(
    "/keys",
    summary="List the keys",
    responses=error_answers(401, 403, 503),
    dependencies=MAY_ADMINISTER,
)
async def list_keys(_caller: Administrator) -> KeyPage:
    return page(all_keys(parameter()).values(), datetime.now(UTC))


@app.post(
    "/keys",
    summary="Make a key",
    description="The answer holds the key: it is shown once. What is kept of it is a hash.",
    status_code=201,
    responses=error_answers(400, 401, 403, 409, 413, 415, 422, 503),
    dependencies=MAY_ADMINISTER,
)
async def make(caller: Administrator, request: KeyRequest) -> MadeKey:
    now = datetime.now(UTC)
    try:
        text, key = make_key(request.scopes, request.note, now, request.days, request.models)
    except ValueError as error:
        raise InvalidInput(str(error)) from error
    # Before the key is made: whoever waited in vain for this would have a key that nobody has seen.
    notes = note_models(service().store, key.models)
    add(parameter(), key, now)
    log("INFO", "key made", key_id=key.id, scopes=" ".join(key.scopes), by=caller.key_id)
    return MadeKey(key=text, notes=notes, **listed(key, now).model_dump())


@app.delete(
    "/keys/{id}",
    summary="Revoke a key",
    description="It ends for good, within a minute. Who does so with the key itself locks themselves out.",
    responses=error_answers(401, 403, 404, 409, 422, 503),
    dependencies=MAY_ADMINISTER,
)
async def end(caller: Administrator, id_: KeyId) -> ListedKey:
    now = datetime.now(UTC)
    key = revoke(parameter(), id_, now)
    log("INFO", "key revoked", key_id=key.id, by=caller.key_id)
    return listed(key, now)


@app.get(
    "/people",
    summary="Tell where people are managed, and what their groups may do",
    responses=error_answers(401, 403, 503),
    dependencies=MAY_ADMINISTER,
)
async def read_people(_caller: Administrator) -> People:
    return describe_people(settings())


add_document(app, MAY_ADMINISTER)
