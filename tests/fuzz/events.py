"""HTTP requests as API Gateway hands them to a function: payload format 2.0, with whatever clients may send.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import strategies as st

from tests.fuzz.bodies import bodies
from tests.fuzz.world import World
from tests.support.declared import RESOURCES
from tests.support.gateway import read_event
from tests.support.titanic import MODEL

Event = dict[str, Any]

# Strategies are made once: to make one for each case takes longer than to answer it.
# A header's value: no line breaks, which the gateway refuses.
VALUES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=20) | st.sampled_from(
    [
        "",
        "*",
        "0",
        "-1",
        "1",
        "9" * 30,
        "é" * 50,
        "x" * 9_000,
        "gzip",
        "a, b, a",
        "text/csv",
        "application/json",
    ]
)
MEDIA_TYPES = st.sampled_from(
    ["application/json"] * 4
    + [
        "text/csv",
        "application/json; charset=utf-8",
        "APPLICATION/JSON",
        "text/plain",
        "multipart/form-data",
        ";",
    ]
)
NAMED_HEADERS = {
    "accept": st.sampled_from(["*/*", "text/csv", "application/json;q=0", ""]),
    "accept-encoding": st.sampled_from(["gzip, br", "identity;q=0", "*"]),
    "content-length": st.sampled_from(["0", "58", "-1", "1e9", ""]),
    "cookie": VALUES,
    "expect": st.just("100-continue"),
    "if-none-match": VALUES,
    "inference-header-content-length": st.integers(-1, 300).map(str) | VALUES,
    "origin": st.sampled_from(["null", "https://example.org"]),
    "range": st.just("bytes=0-1"),
    "user-agent": VALUES,
    "x-forwarded-for": VALUES,
    "x-forwarded-proto": st.sampled_from(["https", "http"]),
}
QUERIES = {
    "explain": ["true", "1", "perhaps", ""],
    "partial": ["true", "0", "no"],
    "limit": ["1", "0", "100", "101", "-1", "9" * 5_000, "1.5", "٣"],
    "before": ["1", "0", "99999999", "100000000", "x"],
    "after": ["titanic", "0" * 16, "x" * 99],
    "left": [],
    "right": [],
    "model": [],
    "version": [],
    "round": [],
    "from": [
        "2026-11-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026",
        "0",
        "-1e20",
    ],
    "to": ["2026-11-08T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "today"],
    "min_probability": ["0", "1", "nan", "inf", "-0"],
    "max_probability": ["0.5", "nan", "1e-400"],
    "annotator": ["alice", "../x", ""],
    "wanted": ["1", "6"],
    "sex": ["male", "M", "x"],
    "PClass": ["1", "1.0", "9", "nan"],
}


@dataclass(frozen=True, slots=True)
class Route:
    """A route of the API and the function behind it, by its id in the template."""

    function: str
    method: str
    path: str


def routes(*functions: str) -> list[Route]:
    """Those that template.yaml gives to the functions."""
    return [
        Route(function, event["Properties"]["Method"], event["Properties"]["Path"])
        for function in functions
        for event in RESOURCES[function]["Properties"]["Events"].values()
        # The route of whatever no other takes has neither.
        if event["Type"] == "HttpApi" and "Path" in event["Properties"]
    ]


@st.composite
def events(draw: st.DrawFn, among: Sequence[Route], world: World) -> Event:
    """A request for one of the routes."""
    route = draw(st.sampled_from(among))
    names = [part[1:-1] for part in route.path.split("/") if part[:1] == "{"]
    variables = {name: draw(_values(name, world)) for name in names}
    path = route.path.format(**variables)
    slashes = (path + "/", "/" + path)
    event = read_event("http_predict")
    event["routeKey"] = event["requestContext"]["routeKey"] = f"{route.method} {route.path}"
    # An HTTP API decodes the path, whatever its name says; a client may have encoded it twice.
    event["rawPath"] = draw(st.sampled_from((path,) * 12 + (quote(path), *slashes)))
    event["requestContext"]["http"] |= {"method": route.method, "path": event["rawPath"]}
    event["requestContext"]["authorizer"] = draw(AUTHORIZERS)
    event["headers"] = draw(HEADERS)
    if variables:
        event["pathParameters"] = variables
    event |= draw(_queries(world)) | _as_sent(draw(bodies(route.path, world))) | draw(OPTIONAL)
    if draw(st.integers(0, 30)) == 30:
        event["isBase64Encoded"] = not event["isBase64Encoded"]
    for name in draw(LEFT_OUT):
        event.pop(name, None)
    return event


@cache
def _values(name: str, world: World) -> st.SearchStrategy[str]:
    """Values of a variable of a path or of a query: such as exist, such as look like them, and others."""
    values = {
        "model": [MODEL, "churn", "Titanic", "champion"],
        "name": [MODEL, "churn", "%74itanic"],
        "version": ["f" * 16, "F" * 16],
        "prediction_id": ["0" * 36, "01a1feaa-00ea-7752-9015-c9355649249c", "f" * 36],
        "id": ["01a1feaa-00ea-7752-9015-c9355649249c", "b6b62a1f66bbb2b3", "x"],
        "round": ["01a1feaa-00ea-7752-9015-c9355649249c", "x"],
        "sequence": ["1", "0", "99999999", "9" * 50, "1.0", "-1"],
    }
    there = {
        "model": [MODEL] * 8 + world.versions,
        "name": [MODEL] * 8,
        "prediction_id": world.predictions,
        **dict.fromkeys(("version", "left", "right"), world.versions),
    }
    odd = [*values.get(name, []), *QUERIES.get(name, []), "-"]
    return (
        st.sampled_from(there.get(name, odd))
        | st.sampled_from(there.get(name, odd) * 4 + odd)
        | st.text(min_size=1, max_size=20)
    )


@cache
def _queries(world: World) -> st.SearchStrategy[Event]:
    """A query as the client wrote it, and as the gateway took it apart."""
    pairs = st.sampled_from((*QUERIES, "explian", "")).flatmap(
        lambda name: st.tuples(st.just(name), _values(name, world))
    )
    return st.just({"rawQueryString": ""}) | st.lists(pairs, max_size=3).map(_query) | ODD_QUERIES


def _query(pairs: Iterable[tuple[str, str]]) -> Event:
    """Format 2.0 joins what comes twice by a comma."""
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return {"rawQueryString": urlencode([*pairs]), "queryStringParameters": joined}


HOSTS = VALUES | st.sampled_from(
    (
        "abcdef1234.execute-api.us-east-1.amazonaws.com",
        "localhost:8000",
        "x",
        "x:y",
        "[::1]:443",
        ":",
        "a b",
        "é",
    )
)
PORTS = VALUES | st.sampled_from(("443", "80", "443,80", "-1", "٣"))


@st.composite
def _headers(draw: st.DrawFn) -> dict[str, str]:
    """Headers in lower case, as the gateway writes their names."""
    headers = {"host": draw(HOSTS), "x-forwarded-port": draw(PORTS)}
    headers["content-type"] = draw(MEDIA_TYPES)
    headers |= draw(SOME_HEADERS) | draw(OTHER_HEADERS)
    if draw(st.integers(0, 99)) == 99:
        headers |= {f"x-{number}": "" for number in range(60)}
    for name in draw(HEADERS_LEFT_OUT):
        del headers[name]
    return headers


SOME_HEADERS = st.fixed_dictionaries({}, optional=NAMED_HEADERS)
TOKENS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_!#$%&'*+.^`|~", min_size=1, max_size=15)
OTHER_HEADERS = st.dictionaries(TOKENS, VALUES, max_size=2)
HEADERS_LEFT_OUT = st.lists(st.sampled_from(("content-type", "host", "x-forwarded-port")), max_size=1)
# What need not be there: with nothing to say, the gateway leaves some of it out.
LEFT_OUT = st.lists(
    st.sampled_from(
        ("isBase64Encoded", "rawQueryString", "queryStringParameters", "cookies", "routeKey", "headers")
    ),
    max_size=1,
)
HEADERS = _headers()
ODD_QUERIES = st.sampled_from(("&&=&", "%zz=%ff%00", "a=b;c=d", "?", "#x", "limit=1&limit=2")).map(
    lambda query: {"rawQueryString": query}
)
OPTIONAL = st.fixed_dictionaries(
    {}, optional={"cookies": st.lists(VALUES, max_size=3), "stageVariables": st.just({"stage": "dev"})}
)


def _found(scopes: str, models: str, denied: str, unavailable: str) -> Event:
    return {
        "lambda": {
            "key_id": "5f3a91c2",
            "scopes": scopes,
            "models": models,
            "denied": denied,
            "unavailable": unavailable,
        }
    }


# What the authorizer said: mostly of somebody who may do anything.
HOLDERS = st.builds(
    _found,
    st.sampled_from(("admin",) * 9 + ("predict", "feedback", "predict feedback", "", "nonsense")),
    st.sampled_from(("",) * 9 + (MODEL, "churn titanic")),
    st.sampled_from(("",) * 30 + ("this needs a key",)),
    st.sampled_from(("",) * 30 + ("the keys could not be read",)),
)
NOBODY: st.SearchStrategy[Any] = st.sampled_from((None, {}, {"lambda": None}, {"lambda": {}}))
AUTHORIZERS = st.integers(0, 30).flatmap(lambda draw: NOBODY if draw == 30 else HOLDERS)


def _as_sent(body: str | bytes | None) -> Event:
    """The body as the gateway hands it over: in base64 what is no text."""
    if body is None:
        return {"isBase64Encoded": False}
    if isinstance(body, bytes):
        return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    return {"body": body, "isBase64Encoded": False}
