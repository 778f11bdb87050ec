"""Pages of other sites, as API Gateway lets them call an HTTP API (`CorsConfiguration`).

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html: the gateway adds its headers
to every answer to an origin that is allowed, and passes over those of the function. A preflight that no route
takes it answers itself; one that a route takes (`OPTIONS`, `ANY`, `$default`) goes to its function like any
request (https://github.com/aws/serverless-application-model/issues/1603), whose status has to be a success.
"""

from starlette.requests import Request
from starlette.responses import Response

from functions.local.platform.template import Cors

_PREFIX = "access-control-"


def is_preflight(request: Request) -> bool:
    """Whether a browser asks what it may ask next."""
    return request.method == "OPTIONS" and {"origin", f"{_PREFIX}request-method"} <= {*request.headers}


def allow(cors: Cors, request: Request, response: Response) -> None:
    """Put the gateway's headers into `response`, and take out what the function has set of them."""
    for name in [name for name in response.headers if name.startswith(_PREFIX)]:
        del response.headers[name]
    origin = request.headers.get("origin")
    if origin is None:
        return
    if "*" in cors.origins:
        response.headers[f"{_PREFIX}allow-origin"] = "*"
    elif origin in cors.origins:
        response.headers[f"{_PREFIX}allow-origin"] = origin
        response.headers.add_vary_header("Origin")
    else:
        return
    if cors.exposed:
        response.headers[f"{_PREFIX}expose-headers"] = ",".join(cors.exposed)
    if is_preflight(request):
        response.headers[f"{_PREFIX}allow-methods"] = ",".join(cors.methods)
        response.headers[f"{_PREFIX}allow-headers"] = ",".join(cors.headers)
        if cors.max_age is not None:
            response.headers[f"{_PREFIX}max-age"] = str(cors.max_age)
