"""Alarms and releases in template.yaml: what is watched exists, what fires is heard, what is new serves."""

import re
from dataclasses import dataclass
from typing import Any

import pytest

from functions.core.storage.s3_reader import _ATTEMPTS, _SECONDS
from functions.monitor.metrics import NAMESPACE, UNITS
from tests.support.declared import DOCUMENT, PARAMETERS, RESOURCES, of_type
from tests.support.resolved import deployed, resolved

ALARMS = dict(of_type("AWS::CloudWatch::Alarm"))
FUNCTIONS = dict(of_type("AWS::Serverless::Function"))
RELEASED = {id_: function for id_, function in FUNCTIONS.items() if "AutoPublishAlias" in function}

each_alarm = pytest.mark.parametrize("id_", ALARMS)
each_release = pytest.mark.parametrize("id_", RELEASED)


@dataclass(frozen=True)
class Source:
    """Resources of `type` send metrics of these names, told apart by `dimension`, which holds `value`.

    In `value`, {} stands for the logical id of the resource.
    """

    type: str
    metrics: frozenset[str]
    dimension: str
    value: tuple[str, str]


# What AWS documents. CloudWatch takes any name; an alarm on one that nobody sends never fires.
SOURCES = {
    # HTTP APIs. Those of REST APIs (5XXError, ApiName) are in the same namespace.
    "AWS/ApiGateway": Source(
        "AWS::Serverless::HttpApi",
        frozenset({"4xx", "5xx", "Count", "DataProcessed", "IntegrationLatency", "Latency"}),
        "ApiId",
        ("Ref", "{}"),
    ),
    "AWS/Lambda": Source(
        "AWS::Serverless::Function",
        frozenset(
            {
                "AsyncEventAge",
                "AsyncEventsDropped",
                "AsyncEventsReceived",
                "ConcurrentExecutions",
                "DestinationDeliveryFailures",
                "Duration",
                "Errors",
                "Invocations",
                "Throttles",
            }
        ),
        "FunctionName",
        ("Ref", "{}"),
    ),
    "AWS/Firehose": Source(
        "AWS::KinesisFirehose::DeliveryStream",
        frozenset({"DeliveryToS3.DataFreshness", "DeliveryToS3.Records", "DeliveryToS3.Success"}),
        "DeliveryStreamName",
        ("Ref", "{}"),
    ),
    "AWS/States": Source(
        "AWS::StepFunctions::StateMachine",
        frozenset({"ExecutionsAborted", "ExecutionsFailed", "ExecutionsTimedOut"}),
        "StateMachineArn",
        ("Ref", "{}"),
    ),
    # What functions/monitor sends, of each stage.
    NAMESPACE: Source("AWS::Serverless::Function", frozenset(UNITS), "Stage", ("Ref", "Stage")),
    "AWS/SQS": Source(
        "AWS::SQS::Queue",
        frozenset(
            {
                "ApproximateAgeOfOldestMessage",
                "ApproximateNumberOfMessagesVisible",
                "NumberOfMessagesReceived",
                "NumberOfMessagesSent",
            }
        ),
        "QueueName",
        ("GetAtt", "{}.QueueName"),
    ),
}


def dimensions(alarm: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {dimension["Name"]: tuple(dimension["Value"]) for dimension in alarm["Dimensions"]}


def watched(alarm: dict[str, Any]) -> str:
    """The logical id of the resource whose metric an alarm watches."""
    if alarm["Namespace"] == NAMESPACE:
        return "MonitorFunction"
    source = SOURCES[alarm["Namespace"]]
    _, value = dimensions(alarm)[source.dimension]
    return value.partition(".")[0]


# ---- Alarms


@each_alarm
def test_an_alarm_watches_a_metric_that_its_resource_sends(id_: str) -> None:
    alarm = ALARMS[id_]
    source = SOURCES[alarm["Namespace"]]
    resource = watched(alarm)
    assert alarm["MetricName"] in source.metrics
    assert RESOURCES[resource]["Type"] == source.type
    tag, value = source.value
    expected = {source.dimension: (tag, value.format(resource))}
    if resource in RELEASED:
        # Requests come through the alias; without it, the metric would be of all invocations, tests included.
        expected["Resource"] = ("Sub", f"${{{resource}}}:{RELEASED[resource]['AutoPublishAlias']}")
    assert dimensions(alarm) == expected


@each_alarm
def test_an_alarm_is_told_to_people_and_says_what_to_do(id_: str) -> None:
    alarm = ALARMS[id_]
    assert resolved(alarm["AlarmActions"]) == [["Ref", "AlarmTopic"]]
    assert len(alarm["AlarmDescription"]) > 60
    # The longest that CloudWatch takes.
    assert len(alarm["AlarmDescription"]) <= 1024
    # These metrics are sent only when something happens: silence is no reason for an alarm, and ends one. The
    # monitor's are of what stands until it finds something else: silence leaves such an alarm as it is.
    assert alarm["TreatMissingData"] == ("ignore" if alarm["Namespace"] == "Lifeboat" else "notBreaching")
    assert alarm["AlarmName"][1].startswith("lifeboat-${Stage}-")


def test_cloudwatch_may_publish_to_the_topic() -> None:
    # SNS's own key is closed to CloudWatch: with it, the alarms would fire and nobody would hear.
    assert "KmsMasterKeyId" not in deployed()["AlarmTopic"]["Properties"]
    [statement] = deployed()["AlarmTopicPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert statement["Action"] == "sns:Publish"
    # Of this account only: CloudWatch speaks for everybody's alarms.
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": ["Ref", "AWS::AccountId"]}}


def test_an_address_is_subscribed_where_one_is_given() -> None:
    subscription = RESOURCES["AlarmSubscription"]
    assert subscription["Properties"]["Endpoint"] == ["Ref", "AlarmEmail"]
    assert subscription["Properties"]["TopicArn"] == ["Ref", "AlarmTopic"]
    condition = DOCUMENT["Conditions"][subscription["Condition"]]
    assert condition == ["Not", [["Equals", [["Ref", "AlarmEmail"], ""]]]]


@pytest.mark.parametrize("id_", [id_ for id_, f in FUNCTIONS.items() if "EventInvokeConfig" in f])
def test_an_asynchronous_function_has_alarms_for_events_kept_and_for_events_lost(id_: str) -> None:
    _, destination = FUNCTIONS[id_]["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"]
    found = {(watched(alarm), alarm["MetricName"]) for alarm in ALARMS.values()}
    assert (destination.removesuffix(".Arn"), "ApproximateNumberOfMessagesVisible") in found
    assert (id_, "DestinationDeliveryFailures") in found


def test_the_api_and_what_answers_for_it_are_watched() -> None:
    found = {(watched(alarm), alarm["MetricName"]) for alarm in ALARMS.values()}
    assert found >= {("Api", "5xx"), ("PredictFunction", "Errors"), ("PredictFunction", "Duration")}


def test_a_store_that_hangs_is_slow_enough_for_its_alarm() -> None:
    # Lambda tells durations in milliseconds.
    assert ALARMS["PredictSlowAlarm"]["Threshold"] < 1000 * _SECONDS * _ATTEMPTS


def test_a_monitor_that_may_fall_behind_is_heard_of_while_it_still_has_time() -> None:
    alarm = ALARMS["MonitorSlowAlarm"]
    assert alarm["Threshold"] == 1000 * FUNCTIONS["MonitorFunction"]["Timeout"] / 2


# ---- Releases


def names(value: Any) -> set[str]:
    """The parameters that a value refers to, however deep."""
    match value:
        case ["Ref", str(name)]:
            return {name} & PARAMETERS.keys()
        case ["Sub", str(text)]:
            return set(re.findall(r"\$\{(\w+)}", text)) & PARAMETERS.keys()
        case list():
            return {name for item in value for name in names(item)}
        case dict():
            return {name for item in value.values() for name in names(item)}
    return set()


def test_predict_is_released_behind_an_alias() -> None:
    assert RELEASED["PredictFunction"]["AutoPublishAlias"] == "live"
    assert RELEASED["PredictFunction"]["SnapStart"] == {"ApplyOn": ["Ref", "SnapStart"]}
    assert RELEASED["PredictFunction"]["DeploymentPreference"]["Type"] == ["Ref", "Rollout"]


@each_release
def test_a_release_watches_alarms_that_exist(id_: str) -> None:
    tag, (condition, alarms, otherwise) = RELEASED[id_]["DeploymentPreference"]["Alarms"]
    by_name = {alarm["AlarmName"][1]: alarm_id for alarm_id, alarm in ALARMS.items()}
    found = [name if kind == "Ref" else by_name[name] for kind, name in alarms]
    assert set(found) <= ALARMS.keys()
    assert {id_, "Api"} == {watched(ALARMS[alarm]) for alarm in found}
    # All at once there is nothing to go back from, and it is the way out while an alarm stands.
    assert (tag, otherwise) == ("If", [["Ref", "AWS::NoValue"]])
    assert DOCUMENT["Conditions"][condition] == ["Not", [["Equals", [["Ref", "Rollout"], "AllAtOnce"]]]]


@each_release
def test_a_release_does_not_refer_to_the_alarms_of_the_api_that_calls_it(id_: str) -> None:
    # Alarm, API, alias, deployment, alarm: CloudFormation would refuse the circle, which cfn-lint sees only
    # after SAM's transform.
    referred = [name for kind, name in RELEASED[id_]["DeploymentPreference"]["Alarms"][1][1] if kind == "Ref"]
    assert "Api" not in {watched(ALARMS[alarm]) for alarm in referred}


@each_release
def test_a_parameters_new_value_makes_a_new_version(id_: str) -> None:
    function = RELEASED[id_]
    assert function["AutoPublishAliasAllProperties"] is True
    # SAM sees the names of parameters, not their values; the description is where a new value shows.
    # Concurrency is of the function or of the alias.
    outside = {
        "Events",
        "DeploymentPreference",
        "VersionDescription",
        "ReservedConcurrentExecutions",
        "ProvisionedConcurrencyConfig",
    }
    versioned = [value for key, value in function.items() if key not in outside]
    # A new stage is another function.
    expected = names([versioned, DOCUMENT["Globals"]["Function"]]) - {"Stage"}
    assert names(function["VersionDescription"]) == expected


@each_release
def test_a_released_function_has_no_tags(id_: str) -> None:
    # A version holds no tags: a changed tag would have SAM publish one that equals the last, which Lambda
    # refuses (https://github.com/aws/serverless-application-model/issues/3281). The stack's tags do no harm.
    assert "Tags" not in {**DOCUMENT["Globals"]["Function"], **RELEASED[id_]}
