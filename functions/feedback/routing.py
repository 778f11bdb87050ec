"""What the routes share: who may ask, which model a request is about, what is refused."""

from typing import Annotated

from fastapi import Depends, Request

from functions.core.http.api import guarded_by, holder_of, model_of, no_model
from functions.core.http.refusals import error_answers
from functions.core.identity.caller import Caller
from functions.feedback.service import Labelling, service

ON_READ = error_answers(401, 403, 404, 422, 503)
ON_WRITE = error_answers(400, 401, 403, 404, 413, 415, 422, 503)


def _default_model() -> str:
    return service().settings.default_model


async def _labelling(request: Request) -> Labelling:
    return service().labelling(model_of(request, _default_model()))


_caller = holder_of("feedback", _default_model)
MAY_LABEL = guarded_by(_caller)
MAY_READ_DOCUMENT = guarded_by(holder_of("feedback", _default_model, subject=no_model))
Annotator = Annotated[Caller, Depends(_caller)]
Model = Annotated[Labelling, Depends(_labelling)]
