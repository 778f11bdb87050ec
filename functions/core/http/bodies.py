"""What a body is by its header content-type, and the refusals of JSON that a route reads by itself."""

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError


def media_type(content_type: str) -> str:
    """The type in a header content-type, without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def is_csv(content_type: str) -> bool:
    return media_type(content_type) in {"text/csv", "application/csv"}


def not_json() -> RequestValidationError:
    """What FastAPI raises for a body that is no JSON."""
    return RequestValidationError([{"type": "json_invalid", "loc": ("body",), "msg": "", "input": {}}])


def does_not_fit(error: ValidationError) -> RequestValidationError:
    """What FastAPI raises for a body that does not fit, without the values, which may be private."""
    faults = error.errors(include_url=False, include_input=False, include_context=False)
    return RequestValidationError([{**fault, "loc": ("body", *fault["loc"])} for fault in faults])
