"""The routes and the authorizer of a deployed HTTP API, made call by call.

MiniStack ignores the Body of AWS::ApiGatewayV2::Api. What API Gateway makes of it (an authorizer for each
security scheme, an integration and a route for each operation) is made here, from what SAM's transform wrote.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from functions.local.process.environment import REGION
from tests.deploy.emulator import ACCOUNT, Emulator

_PSEUDO = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT}
_FUNCTION = re.compile(r"functions/(.+)/invocations")
# MiniStack knows no $context.requestId; a path is in every request, too.
_SOURCES = {"$context.requestId": "$context.path"}


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of the Body: its route key, the ARN that it invokes, and its authorizer's name, if any."""

    key: str
    invokes: str
    authorizer: str | None


def make_routes(emulator: Emulator, translated: Mapping[str, Any], resources: Mapping[str, str]) -> int:
    """Give the API the routes of its Body, and no others. Returns how many.

    translated: the template after SAM's transform. resources: the physical ids of the stack's, by logical id.
    """
    gateway: Any = emulator.client("apigatewayv2")
    api, body = resources["Api"], translated["Resources"]["Api"]["Properties"]["Body"]
    _forget(gateway, api)
    authorizers = {
        name: _make_authorizer(gateway, api, name, _sub(scheme["x-amazon-apigateway-authorizer"], resources))
        for name, scheme in body["components"]["securitySchemes"].items()
    }
    operations = list(read_operations(body, resources))
    integrations = {
        arn: gateway.create_integration(
            ApiId=api,
            IntegrationType="AWS_PROXY",
            IntegrationMethod="POST",
            IntegrationUri=f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations",
            PayloadFormatVersion="2.0",
        )["IntegrationId"]
        for arn in {operation.invokes for operation in operations}
    }
    for operation in operations:
        guard = (
            {"AuthorizationType": "CUSTOM", "AuthorizerId": authorizers[operation.authorizer]}
            if operation.authorizer
            else {"AuthorizationType": "NONE"}
        )
        target = f"integrations/{integrations[operation.invokes]}"
        gateway.create_route(ApiId=api, RouteKey=operation.key, Target=target, **guard)
    return len(operations)


def read_operations(body: Mapping[str, Any], resources: Mapping[str, str]) -> Iterator[Operation]:
    for path, methods in body["paths"].items():
        for method, operation in methods.items():
            uri = _sub(operation["x-amazon-apigateway-integration"]["uri"], resources)
            schemes = [name for scheme in operation.get("security", []) for name in scheme]
            known = [name for name in schemes if name in body["components"]["securitySchemes"]]
            yield Operation(
                key="$default" if path == "/$default" else f"{method.upper()} {path}",
                invokes=_invoked(uri),
                authorizer=known[0] if known else None,
            )


def _make_authorizer(gateway: Any, api: str, name: str, described: Mapping[str, Any]) -> str:
    made = gateway.create_authorizer(
        ApiId=api,
        Name=name,
        AuthorizerType="REQUEST",
        AuthorizerUri=described["authorizerUri"],
        AuthorizerPayloadFormatVersion=described["authorizerPayloadFormatVersion"],
        EnableSimpleResponses=described["enableSimpleResponses"],
        AuthorizerResultTtlInSeconds=described["authorizerResultTtlInSeconds"],
        IdentitySource=[_SOURCES.get(source, source) for source in described["identitySource"]],
    )
    return str(made["AuthorizerId"])


def _forget(gateway: Any, api: str) -> None:
    """What an earlier deployment made."""
    for route in _all(gateway, "get_routes", api):
        gateway.delete_route(ApiId=api, RouteId=route["RouteId"])
    for integration in _all(gateway, "get_integrations", api):
        gateway.delete_integration(ApiId=api, IntegrationId=integration["IntegrationId"])
    for authorizer in _all(gateway, "get_authorizers", api):
        gateway.delete_authorizer(ApiId=api, AuthorizerId=authorizer["AuthorizerId"])


def _all(gateway: Any, operation: str, api: str) -> list[dict[str, Any]]:
    return list(gateway.get_paginator(operation).paginate(ApiId=api).build_full_result()["Items"])


def _invoked(uri: str) -> str:
    found = _FUNCTION.search(uri)
    if not found:
        raise ValueError(f"{uri} invokes no function")
    return found[1]


def _sub(value: Any, resources: Mapping[str, str]) -> Any:
    """What `Fn::Sub` and `Fn::GetAtt` come to. Raises `KeyError` for a resource that is not there."""
    if isinstance(value, list):
        return [_sub(item, resources) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"Fn::Sub"}:
        text, given = value["Fn::Sub"] if isinstance(value["Fn::Sub"], list) else (value["Fn::Sub"], {})
        names = {name: _sub(item, resources) for name, item in given.items()}
        return re.sub(
            r"\$\{([^}]+)\}", lambda found: names.get(found[1]) or _named(found[1], resources), text
        )
    if value.keys() == {"Fn::GetAtt"}:
        named = value["Fn::GetAtt"]
        return _named(named if isinstance(named, str) else ".".join(named), resources)
    return {name: _sub(item, resources) for name, item in value.items()}


def _named(name: str, resources: Mapping[str, str]) -> str:
    if name in _PSEUDO:
        return _PSEUDO[name]
    logical, _, attribute = name.partition(".")
    physical = resources[logical]
    # A function's id is its name; an alias' is its ARN already.
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{physical}" if attribute == "Arn" else physical
