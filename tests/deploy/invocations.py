"""Whether what is set up to invoke a function may do so, which AWS asks for and MiniStack does not."""

import fnmatch
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from functions.local.process.environment import REGION
from tests.deploy.emulator import ACCOUNT
from tests.deploy.stage import Stage


@dataclass(frozen=True, slots=True)
class Invocation:
    """`service` invokes the function or alias of this ARN, on behalf of `source`."""

    arn: str
    service: str
    source: str


def refuse_missing_permissions(stage: Stage) -> int:
    """See that each invocation is permitted by the function's own policy. Returns how many there are."""
    wanted = set(read_invocations(stage))
    services = {invocation.service for invocation in wanted}
    assert services == {"apigateway.amazonaws.com", "s3.amazonaws.com", "events.amazonaws.com"}
    for invocation in wanted:
        assert any(map(_permits(invocation), _statements(stage, invocation.arn))), (
            f"{invocation} is not permitted"
        )
    return len(wanted)


def read_invocations(stage: Stage) -> Iterator[Invocation]:
    """Of the bucket's notifications, of the schedule, of the routes and the authorizer of the API."""
    client = stage.emulator.client
    told: Any = client("s3").get_bucket_notification_configuration(Bucket=stage.bucket)
    for notification in told["LambdaFunctionConfigurations"]:
        yield Invocation(
            notification["LambdaFunctionArn"], "s3.amazonaws.com", f"arn:aws:s3:::{stage.bucket}"
        )
    events: Any = client("events")
    for logical, name in stage.resources.items():
        if logical == "MonitorFunctionHourly":
            rule = events.describe_rule(Name=name.rpartition("/")[2])
            for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]:
                yield Invocation(target["Arn"], "events.amazonaws.com", rule["Arn"])
    gateway: Any = client("apigatewayv2")
    api = stage.resources["Api"]
    source = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api}"
    integrations = {
        item["IntegrationId"]: item["IntegrationUri"]
        for item in gateway.get_paginator("get_integrations").paginate(ApiId=api).build_full_result()["Items"]
    }
    for route in gateway.get_paginator("get_routes").paginate(ApiId=api).build_full_result()["Items"]:
        uri = integrations[route["Target"].rpartition("/")[2]]
        method, _, path = route["RouteKey"].partition(" ")
        place = f"{method}{path}" if path else method
        yield Invocation(_invoked(uri), "apigateway.amazonaws.com", f"{source}/$default/{place}")
    for authorizer in gateway.get_authorizers(ApiId=api)["Items"]:
        by = f"{source}/authorizers/{authorizer['AuthorizerId']}"
        yield Invocation(_invoked(authorizer["AuthorizerUri"]), "apigateway.amazonaws.com", by)


def _invoked(uri: str) -> str:
    return uri.partition("/functions/")[2].removesuffix("/invocations")


def _statements(stage: Stage, arn: str) -> list[dict[str, Any]]:
    name, _, qualifier = arn.partition(":function:")[2].partition(":")
    client: Any = stage.emulator.client("lambda")
    try:
        policy = client.get_policy(FunctionName=name, **({"Qualifier": qualifier} if qualifier else {}))[
            "Policy"
        ]
    except client.exceptions.ResourceNotFoundException:
        return []
    statements: list[dict[str, Any]] = json.loads(policy)["Statement"]
    return statements


def _permits(invocation: Invocation) -> Any:
    def permits(statement: dict[str, Any]) -> bool:
        conditions = statement.get("Condition", {})
        sources = [
            value
            for operator in conditions.values()
            for name, value in operator.items()
            if name.lower() == "aws:sourcearn"
        ]
        return (
            statement["Effect"] == "Allow"
            and statement["Action"] == "lambda:InvokeFunction"
            and statement["Principal"].get("Service") == invocation.service
            and all(_like(invocation.source, source) for source in sources)
        )

    return permits


def _like(source: str, pattern: str) -> bool:
    # fnmatch would read brackets as sets of characters, and braces are none to it.
    return fnmatch.fnmatchcase(source, pattern.replace("[", "[[]"))
