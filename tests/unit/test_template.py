"""The rules that every resource in template.yaml keeps."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from functions.local.template import read_template

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "template.yaml"


class _Loader(yaml.SafeLoader):
    """YAML in which CloudFormation's tags are kept as `[tag, value]`."""


def _tagged(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return [suffix, loader.construct_sequence(node, deep=True)]
    assert isinstance(node, yaml.ScalarNode)
    return [suffix, loader.construct_scalar(node)]


_Loader.add_multi_constructor("!", _tagged)
RESOURCES: dict[str, Any] = yaml.load(TEMPLATE.read_text(), Loader=_Loader)["Resources"]  # noqa: S506


def of_type(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((id_, resource["Properties"]) for id_, resource in RESOURCES.items() if resource["Type"] == name)


def statements() -> Iterator[tuple[str, dict[str, Any]]]:
    for id_, role in of_type("AWS::IAM::Role"):
        for policy in role["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                yield f"{id_}.{statement['Sid']}", statement


def test_every_function_has_a_role_and_a_log_group_of_its_own() -> None:
    functions = dict(of_type("AWS::Serverless::Function"))
    roles = [function["Role"][1] for function in functions.values()]
    logs = [function["LoggingConfig"]["LogGroup"][1] for function in functions.values()]
    assert len(set(roles)) == len(roles)
    assert len(set(logs)) == len(logs)
    assert all(function["LoggingConfig"]["LogFormat"] == "JSON" for function in functions.values())


def test_every_handler_is_a_module_of_this_repository() -> None:
    for function in read_template(TEMPLATE).functions.values():
        module, _, name = function.handler.rpartition(".")
        assert name == "handler"
        assert (ROOT / module.replace(".", "/")).with_suffix(".py").is_file()


def test_every_log_group_forgets() -> None:
    groups = dict(of_type("AWS::Logs::LogGroup"))
    assert groups
    assert all(group["RetentionInDays"] == ["Ref", "LogRetentionDays"] for group in groups.values())


def test_every_statement_allows_one_action() -> None:
    for name, statement in statements():
        assert isinstance(statement["Action"], str), name
        assert "*" not in statement["Action"], name


def test_only_xray_is_allowed_on_everything() -> None:
    anywhere = {statement["Action"] for _, statement in statements() if statement["Resource"] == "*"}
    assert anywhere == {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}


def test_listing_is_limited_to_prefixes() -> None:
    listings = [statement for _, statement in statements() if statement["Action"] == "s3:ListBucket"]
    assert listings
    assert all(statement["Condition"]["StringLike"]["s3:prefix"] for statement in listings)


def test_no_role_refers_to_the_bucket() -> None:
    # It would close a circle: bucket, notification, function, role, bucket.
    for id_, role in of_type("AWS::IAM::Role"):
        assert "Store" not in str(role), id_


def test_the_bucket_is_private_encrypted_versioned_and_kept() -> None:
    store = RESOURCES["Store"]
    assert store["DeletionPolicy"] == store["UpdateReplacePolicy"] == "Retain"
    assert set(store["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
    assert store["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}
    assert "AES256" in str(store["Properties"]["BucketEncryption"])
    policy = RESOURCES["StorePolicy"]["Properties"]["PolicyDocument"]["Statement"][0]
    assert policy["Effect"] == "Deny"
    assert policy["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_every_asynchronous_function_keeps_its_failures_under_an_alarm() -> None:
    alarms = {
        alarm["Dimensions"][0]["Value"][1].partition(".")[0] for _, alarm in of_type("AWS::CloudWatch::Alarm")
    }
    for id_, function in of_type("AWS::Serverless::Function"):
        if any(
            event["Type"] in {"S3", "Schedule", "ScheduleV2"} for event in function.get("Events", {}).values()
        ):
            destination = function["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]
            queue = destination["Destination"][1].partition(".")[0]
            assert queue in alarms, id_
            assert RESOURCES[queue]["Properties"]["SqsManagedSseEnabled"] is True


def test_every_alarm_says_what_to_do() -> None:
    for id_, alarm in of_type("AWS::CloudWatch::Alarm"):
        assert len(alarm["AlarmDescription"]) > 60, id_
        assert alarm["TreatMissingData"] == "notBreaching", id_


@pytest.mark.parametrize("field", ["ThrottlingRateLimit", "ThrottlingBurstLimit"])
def test_the_api_is_throttled(field: str) -> None:
    assert RESOURCES["Api"]["Properties"]["DefaultRouteSettings"][field] > 0


def test_a_dataset_and_nothing_else_fires_a_retrain() -> None:
    [trigger] = read_template(TEMPLATE).uploads
    assert (trigger.function, trigger.prefix, trigger.suffix) == ("RetrainFunction", "datasets/", ".csv")


def test_what_people_call_has_a_route() -> None:
    assert {route.key for route in read_template(TEMPLATE).routes} >= {
        "POST /predict",
        "GET /health/live",
        "GET /health/ready",
        "GET /model",
        "GET /openapi.json",
        "GET /docs",
    }


def test_all_functions_share_one_store_named_for_stage_account_and_region() -> None:
    template = read_template(TEMPLATE, region="eu-west-1", Stage="prod")
    stores = {function.environment["LIFEBOAT_STORE"] for function in template.functions.values()}
    assert stores == {"s3://lifeboat-prod-123456789012-eu-west-1"}
