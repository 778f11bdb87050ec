"""What the routes share: who may ask, and which part of the store a request is about."""

from typing import Annotated

from fastapi import Depends, Path, Query, Request

from functions.core.http.api import guarded_by, holder_of, model_of, no_model
from functions.core.identity.caller import Caller
from functions.core.registry.models import require_model
from functions.core.storage.view import ModelStore
from functions.scoring.places import JOB
from functions.scoring.service import service


def _default_model() -> str:
    return service().settings.default_model


async def _part(request: Request) -> ModelStore:
    """The part of the store that a request is about. Raises `NotFound` for a model that there is not."""
    store = service().store_of(model_of(request, _default_model()))
    if "model" in request.path_params:
        require_model(store)
    return store


_caller = holder_of("predict", _default_model)

MAY_SCORE = guarded_by(_caller)
MAY_READ_DOCUMENT = guarded_by(holder_of("predict", _default_model, subject=no_model))
Asker = Annotated[Caller, Depends(_caller)]
Part = Annotated[ModelStore, Depends(_part)]
Limit = Annotated[int, Query(ge=1, le=50, description="How many at most")]
JobId = Annotated[
    str, Path(alias="job", pattern=JOB, description="The id of a job", examples=["6f1c0a9d3b7e52c84410"])
]
