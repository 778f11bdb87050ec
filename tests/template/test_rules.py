"""The rules that every function in template.yaml keeps, and every parameter and profile."""

import re

import pytest

from functions.local.platform.template import read_template
from tests.support.declared import (
    DOCUMENT,
    EVERYTHING,
    PARAMETERS,
    PROFILES,
    RESOURCES,
    ROOT,
    TEMPLATE,
    of_type,
)
from tests.support.resolved import resolved
from tests.template.roles import FUNCTIONS, statements

ASYNCHRONOUS = {"S3", "Schedule", "ScheduleV2", "SNS", "EventBridgeRule", "CloudWatchEvent"}
each_function = pytest.mark.parametrize("id_", FUNCTIONS)


def test_no_two_functions_share_a_role_or_a_log_group() -> None:
    assert len({function["Role"][1] for function in FUNCTIONS.values()}) == len(FUNCTIONS)
    assert len({function["LoggingConfig"]["LogGroup"][1] for function in FUNCTIONS.values()}) == len(
        FUNCTIONS
    )


@each_function
def test_a_function_writes_json_to_its_own_log_group_and_to_no_other(id_: str) -> None:
    function = FUNCTIONS[id_]
    _, group = function["LoggingConfig"]["LogGroup"]
    assert function["LoggingConfig"]["LogFormat"] == "JSON"
    assert RESOURCES[group]["Type"] == "AWS::Logs::LogGroup"
    role = function["Role"][1].removesuffix(".Arn")
    writes = {s["Action"]: s["Resource"] for s in statements(role) if s["Action"].startswith("logs:")}
    assert writes == {
        "logs:CreateLogStream": ["GetAtt", f"{group}.Arn"],
        "logs:PutLogEvents": ["GetAtt", f"{group}.Arn"],
    }


def test_every_log_group_forgets() -> None:
    groups = dict(of_type("AWS::Logs::LogGroup"))
    assert groups
    assert all(group["RetentionInDays"] == ["Ref", "LogRetentionDays"] for group in groups.values())


def test_every_handler_is_a_module_of_this_repository() -> None:
    for function in read_template(TEMPLATE, **EVERYTHING).functions.values():
        module, _, name = function.handler.rpartition(".")
        assert name == "handler"
        assert (ROOT / module.replace(".", "/")).with_suffix(".py").is_file()


@each_function
def test_what_fails_asynchronously_is_kept(id_: str) -> None:
    function = FUNCTIONS[id_]
    if not ASYNCHRONOUS & {event["Type"] for event in function.get("Events", {}).values()}:
        assert "EventInvokeConfig" not in function
        return
    _, destination = function["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"]
    queue = destination.removesuffix(".Arn")
    assert resolved(RESOURCES[queue]["Properties"]["SqsManagedSseEnabled"]) is True
    # As long as SQS keeps anything: somebody may be on holiday.
    assert RESOURCES[queue]["Properties"]["MessageRetentionPeriod"] == 14 * 24 * 3600
    role = function["Role"][1].removesuffix(".Arn")
    assert ("sqs:SendMessage", ["GetAtt", destination]) in [
        (statement["Action"], statement["Resource"]) for statement in statements(role)
    ]


def test_all_functions_share_one_store_named_for_stage_account_and_region() -> None:
    template = read_template(TEMPLATE, region="eu-west-1", Stage="prod")
    stores = {function.environment["LIFEBOAT_STORE"] for function in template.functions.values()}
    assert stores == {"s3://lifeboat-prod-123456789012-eu-west-1"}


def test_every_parameter_is_described_limited_and_grouped() -> None:
    groups = DOCUMENT["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert sorted(name for group in groups for name in group["Parameters"]) == sorted(PARAMETERS)
    for name, parameter in PARAMETERS.items():
        assert parameter["Description"], name
        assert parameter["ConstraintDescription"], name
        assert {"AllowedValues", "AllowedPattern", "MinValue"} & parameter.keys(), name
        assert "Default" in parameter, name


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_gives_values_that_the_parameters_allow(profile: str) -> None:
    for name, value in PROFILES[profile].items():
        parameter = PARAMETERS[name]
        assert value in map(str, parameter.get("AllowedValues", [value])), name
        assert re.fullmatch(parameter.get("AllowedPattern", ".*"), value), name
    assert read_template(TEMPLATE, **PROFILES[profile], **EVERYTHING).functions.keys() == FUNCTIONS.keys()


@pytest.mark.parametrize(
    ("address", "fits"), [("", True), ("me@example.org", True), ("me", False), ("me@example", False)]
)
def test_an_alarm_can_be_sent_to_an_address_or_to_nobody(address: str, fits: bool) -> None:
    assert bool(re.fullmatch(PARAMETERS["AlarmEmail"]["AllowedPattern"], address)) is fits


def test_production_is_another_stage_which_starts_from_snapshots_and_rolls_out_by_canary() -> None:
    assert PROFILES["default"]["Stage"] != PROFILES["production"]["Stage"]
    assert PROFILES["production"]["SnapStart"] == "PublishedVersions"
    assert PROFILES["production"]["Rollout"].startswith("Canary")
