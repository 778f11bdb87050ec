"""The rules that every resource in template.yaml keeps."""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelReader
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

FUNCTIONS = dict(of_type("AWS::Serverless::Function"))
ASYNCHRONOUS = {"S3", "Schedule", "ScheduleV2", "SNS", "EventBridgeRule", "CloudWatchEvent"}

# What AWS knows no narrower resource for.
ON_EVERYTHING = {
    "xray:PutTraceSegments": "a trace has no name before it is sent",
    "xray:PutTelemetryRecords": "the same",
}


# Whose roles those are that no function has.
OTHER_SERVICES = {
    "PredictionFilterRole": "logs.amazonaws.com",
    "PredictionStreamRole": "firehose.amazonaws.com",
    "ScoringOfManyRole": "states.amazonaws.com",
}


def statements(role: str) -> Iterator[dict[str, Any]]:
    for policy in RESOURCES[role]["Properties"]["Policies"]:
        yield from policy["PolicyDocument"]["Statement"]


def resources(statement: dict[str, Any]) -> list[str]:
    """The names that a statement names. One resource is a tag and its value; several are a list of those."""
    found = statement["Resource"]
    return [name for _, name in ([found] if isinstance(found[0], str) else found)]


# CodeDeploy's is what SAM would make, of a policy of AWS: tests/template/test_options.py.
ROLES = [id_ for id_, _ in of_type("AWS::IAM::Role") if id_ != "CodeDeployServiceRole"]
each_role = pytest.mark.parametrize("role", ROLES)
each_function = pytest.mark.parametrize("id_", FUNCTIONS)


# ---- Functions


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


# ---- Permissions


@each_role
def test_a_role_is_one_services_alone_and_holds_nothing_but_what_is_written_here(role: str) -> None:
    properties = RESOURCES[role]["Properties"]
    (trust,) = properties["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": OTHER_SERVICES.get(role, "lambda.amazonaws.com")}
    # Logs and Firehose act for whoever asks them: only for this account here.
    assert ("AccountId" in str(trust.get("Condition"))) is (role in OTHER_SERVICES)
    # But for what a parameter asks for: tests/template/test_options.py.
    assert "ManagedPolicyArns" not in resolved(properties)


@each_role
def test_a_statement_allows_one_action(role: str) -> None:
    for statement in statements(role):
        assert isinstance(statement["Action"], str), statement["Sid"]
        assert "*" not in statement["Action"], statement["Sid"]
        assert not {"NotAction", "NotResource"} & statement.keys(), statement["Sid"]


@each_role
def test_a_statement_names_its_resources(role: str) -> None:
    for statement in statements(role):
        if statement["Resource"] == "*":
            assert statement["Action"] in ON_EVERYTHING, statement["Sid"]
            continue
        for name in resources(statement):
            bucket, slash, key = name.partition("/")
            assert "*" not in bucket, statement["Sid"]
            if ":execution:" in bucket:
                assert key == "*", statement["Sid"]
                continue
            if bucket.endswith(":parameter"):
                assert "*" not in key, statement["Sid"]
                continue
            # A wildcard stands for the objects below a folder, or those that begin alike, at the end;
            # elsewhere for the name of a model alone.
            folder, _, rest = key.removesuffix("*").partition("/*/")
            assert not slash or ("*" not in folder + rest and key.endswith(("/*", "-*"))), statement["Sid"]


def test_what_people_upload_only_the_function_that_takes_it_in_can_write_over() -> None:
    # S3 keeps what stood there as an older version, which the manifests name.
    assert "datasets/*" in [
        name.partition("/")[2]
        for statement in statements("DatasetsRole")
        if statement["Action"] == "s3:PutObject"
        for name in resources(statement)
    ]
    written = [
        name.partition("/")[2]
        for role in ROLES
        if role != "DatasetsRole"
        for statement in statements(role)
        if statement["Action"] == "s3:PutObject"
        for name in resources(statement)
    ]
    assert [key for key in written if key.startswith("datasets/")] == ["datasets/*/labelled-*"]
    assert all(key.endswith("/*") for key in written if not key.startswith("datasets/"))


def test_who_reads_keys_that_may_be_missing_may_list_the_bucket_on_no_condition() -> None:
    # On a condition on s3:prefix it might be refused, and "not there" become "forbidden": see PredictRole.
    reading = {role for role in ROLES for s in statements(role) if s["Action"] == "s3:GetObject"}
    services = {"ScoringOfManyRole"}
    for role in ROLES:
        listings = [s for s in statements(role) if s["Action"] == "s3:ListBucket"]
        if role in reading - services:
            [listing] = listings
            assert "Condition" not in listing, role
            assert all("/" not in name.partition(":::")[2] for name in resources(listing)), role
        else:
            assert all(s["Condition"]["StringLike"]["s3:prefix"] for s in listings), role


@each_role
def test_no_role_refers_to_the_bucket(role: str) -> None:
    # It would close a circle: bucket, notification, function, role, bucket.
    assert "'Store" not in str(RESOURCES[role])


# ---- The store


def test_the_bucket_is_private_encrypted_versioned_and_kept() -> None:
    store = RESOURCES["Store"]
    # But for a first deployment that fails.
    assert store["DeletionPolicy"] == "RetainExceptOnCreate"
    assert store["UpdateReplacePolicy"] == "Retain"
    assert set(store["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
    assert store["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}
    assert "AES256" in str(store["Properties"]["BucketEncryption"])
    policy = RESOURCES["StorePolicy"]["Properties"]["PolicyDocument"]["Statement"][0]
    assert policy["Effect"] == "Deny"
    assert policy["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


SCORED = ("scoring/", "scored/", "scored-runs/")


def test_the_bucket_forgets_refusals_and_overwritten_records_but_nothing_that_a_manifest_names() -> None:
    rules = RESOURCES["Store"]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert {rule["Status"] for rule in rules} == {"Enabled"}
    expiring = {rule["Prefix"] for rule in rules if "ExpirationInDays" in rule}
    assert expiring == {"rejected/", "undelivered/", "leases/", "uploading/", "parts/", *SCORED}
    # In a bucket with versions, what expires stays as an older version, until that is forgotten as well.
    forgotten = {rule["Prefix"] for rule in rules if "NoncurrentVersionExpiration" in rule}
    assert forgotten == expiring | {"registry/", "monitoring/"}


def test_what_is_soon_forgotten_begins_alike_for_every_model() -> None:
    for model in ("titanic", "churn"):
        view = ModelReader(FolderStore("nowhere"), model)
        assert view.full("feedback/leases/dt=2026-11-21/a.json") == f"leases/{model}/dt=2026-11-21/a.json"
        assert view.full("monitoring/datasets/a.csv") == f"uploading/{model}/a.csv"


def test_a_dataset_of_any_model_and_nothing_else_fires_a_retrain() -> None:
    triggers = {trigger.function: trigger for trigger in read_template(TEMPLATE).uploads}
    assert triggers.keys() == {"RetrainFunction", "ScoringFunction"}
    trigger = triggers["RetrainFunction"]
    assert (trigger.function, trigger.prefix, trigger.suffix) == ("RetrainFunction", "datasets/", "")


def test_versions_and_promotions_of_any_model_fire_what_tracks_them_where_a_server_is_named() -> None:
    template = read_template(TEMPLATE, TrackingUri="http://127.0.0.1:5000")
    triggers = [trigger for trigger in template.uploads if trigger.function == "TrackFunction"]
    assert [(trigger.prefix, trigger.suffix) for trigger in triggers] == [
        ("models/", "/manifest.json"),
        ("registry/", "/champion.json"),
    ]
    assert template.functions["TrackFunction"].environment["LIFEBOAT_TRACKING_URI"] == "http://127.0.0.1:5000"


def test_without_a_server_there_is_nothing_that_tracks() -> None:
    template = read_template(TEMPLATE)
    assert "TrackFunction" not in template.functions
    assert not [trigger for trigger in template.uploads if trigger.function == "TrackFunction"]
    assert not [schedule for schedule in template.schedules if schedule.function == "TrackFunction"]
    made = {id_: resource.get("Condition") for id_, resource in RESOURCES.items() if id_.startswith("Track")}
    assert len(made) == 6
    assert set(made.values()) == {"HasTracking"}


# ---- The API

HEALTH = {
    "GET /health/live",
    "GET /health/ready",
    "GET /v2/health/live",
    "GET /v2/health/ready",
    "GET /ping",
}
# What a browser has to have before anybody can log in, the document of the API, and what no route takes.
PAGES = {"GET /", "GET /docs", "GET /openapi.json", "GET /assets/{digest}/{name+}", "$default"}
# Uptime checks ask with HEAD, as often as not.
OPEN = HEALTH | PAGES | {key.replace("GET", "HEAD") for key in HEALTH | PAGES}


def open_routes(document: dict[str, Any]) -> set[str]:
    """The routes that a template lets anybody call: those with no authorizer of their own or by default."""
    default = document["Resources"]["Api"]["Properties"].get("Auth", {}).get("DefaultAuthorizer", "NONE")
    return {
        f"{event['Properties']['Method']} {event['Properties']['Path']}"
        if "Path" in event["Properties"]
        else "$default"
        for resource in document["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
        for event in resource["Properties"].get("Events", {}).values()
        if event["Type"] == "HttpApi"
        and event["Properties"].get("Auth", {}).get("Authorizer", default) == "NONE"
    }


def test_an_authorizer_leaves_only_the_health_routes_and_the_pages_open() -> None:
    assert open_routes(DOCUMENT) == OPEN
    # On this machine too.
    routes = read_template(TEMPLATE).routes
    assert {route.key for route in routes if route.authorizer is None} == OPEN
    assert {route.authorizer for route in routes} == {None, "AuthorizeFunction"}


def test_the_authorizer_is_asked_about_every_request_and_its_answer_is_not_kept() -> None:
    (authorizer,) = RESOURCES["Api"]["Properties"]["Auth"]["Authorizers"].values()
    assert authorizer["EnableSimpleResponses"] is True
    assert authorizer["AuthorizerPayloadFormatVersion"] == "2.0"
    # Headers named here would be wanted, both of them, in every request.
    assert authorizer["Identity"] == {"Context": ["requestId"], "ReauthorizeEvery": 0}


@pytest.mark.parametrize(
    ("origins", "fits"),
    [
        ("", True),
        ("*", True),
        ("https://example.org", True),
        ("https://a.example,http://b.example:8080", True),
        ("https://a.example, https://b.example", False),
        ("example.org", False),
        ("https://example.org/page", False),
    ],
)
def test_pages_of_no_site_may_call_the_api_unless_one_is_named(origins: str, fits: bool) -> None:
    assert PARAMETERS["AllowedOrigins"]["Default"] == ""
    assert bool(re.fullmatch(PARAMETERS["AllowedOrigins"]["AllowedPattern"], origins)) is fits
    condition, cors, _ = RESOURCES["Api"]["Properties"]["CorsConfiguration"][1]
    assert condition == "HasOrigins"
    # All that a browser would not send unasked and a route reads.
    assert cors["AllowHeaders"] == sorted(
        [
            "authorization",
            "content-encoding",
            "content-type",
            "inference-header-content-length",
            "traceparent",
            "x-api-key",
        ]
    )


def test_a_page_of_another_site_may_read_every_header_that_tells_of_an_answer() -> None:
    _, cors, _ = RESOURCES["Api"]["Properties"]["CorsConfiguration"][1]
    known = {f"x-columns-{kind}" for kind in ("used", "passed-over", "missing")}
    answered = {
        header
        for file in (ROOT / "functions").rglob("*.py")
        if not {"local", "core"} & {*file.relative_to(ROOT / "functions").parts}
        # Of answers: what is only read of requests, and what is for browsers themselves, is none.
        for header in re.findall(r'"(x-[a-z-]+[a-z])"', file.read_text())
    } - {"x-api-key", "x-content-type-options"}
    assert cors["ExposeHeaders"] == sorted({"apigw-requestid", "traceparent"} | known | answered)


def test_open_routes_are_told_from_those_behind_an_authorizer() -> None:
    document = deepcopy(DOCUMENT)
    document["Resources"]["Api"]["Properties"]["Auth"] = {"DefaultAuthorizer": "Keys"}
    for resource in document["Resources"].values():
        for event in resource.get("Properties", {}).get("Events", {}).values():
            event.get("Properties", {}).pop("Auth", None)
    events = document["Resources"]["PredictFunction"]["Properties"]["Events"]
    events["Live"]["Properties"]["Auth"] = {"Authorizer": "NONE"}
    assert open_routes(document) == {"GET /health/live"}


@pytest.mark.parametrize("field", ["ThrottlingRateLimit", "ThrottlingBurstLimit"])
def test_the_api_is_throttled(field: str) -> None:
    assert resolved(RESOURCES["Api"]["Properties"]["DefaultRouteSettings"])[field] > 0


def test_what_scores_and_what_watches_have_throttles_of_their_own() -> None:
    settings = resolved(RESOURCES["Api"]["Properties"]["RouteSettings"])
    keys = {route.key for route in read_template(TEMPLATE).routes}
    # API Gateway refuses to deploy settings of a route that is not there.
    assert settings.keys() <= keys
    scoring = {key for key in keys if re.search(r"^POST .*/(predict|batch|invocations|infer)$", key)}
    assert scoring | {"GET /health/ready", "HEAD /health/ready"} <= settings.keys()
    for limits in settings.values():
        assert 0 < limits["ThrottlingRateLimit"] <= limits["ThrottlingBurstLimit"]


def test_every_route_about_one_model_is_there_for_any_model_by_its_name() -> None:
    keys = {route.key for route in read_template(TEMPLATE).routes}
    # Of no model, or with names of their own.
    alone = re.compile(
        r"/(models|v2|health|ping|version|model|me|keys|people|assets|docs|openapi\.json|$)\b|/$"
    )
    for key in keys - {"$default"}:
        method, path = key.split(" ")
        if not alone.match(path):
            assert f"{method} /models/{{model}}{path}" in keys
    of_default = {"champion", "compare", "history", "rollback"}
    assert {name for name in of_default if f"GET /models/{name}" in keys} == of_default - {"rollback"}
    assert {name for name in of_default if f"GET /models/{{model}}/{name}" in keys} == of_default - {
        "rollback"
    }
    assert {"POST /models/rollback", "POST /models/{model}/rollback"} <= keys
    # One name for one place: API Gateway would take two for two routes.
    assert {key.split("/")[2] for key in keys if "/models/{" in key and "/v2" not in key} == {"{model}"}


def test_all_routes_fit_into_the_policies_of_their_functions() -> None:
    # SAM gives API Gateway a permission for each route; Lambda keeps those of a function, or of its alias, in
    # one policy: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    longest = {"stage": "production12", "region": "ap-southeast-1", "stack": "lifeboat-production12"}
    for id_ in FUNCTIONS:
        size = 100
        for route in read_template(TEMPLATE).routes:
            if route.function == id_:
                path = re.sub(r"\{[^}]+\}", "*", route.path)
                statement = {
                    "Sid": f"{longest['stack']}-{id_}V2VersionReadyPermission-1A2B3C4D5E6F",
                    "Effect": "Allow",
                    "Principal": {"Service": "apigateway.amazonaws.com"},
                    "Action": "lambda:InvokeFunction",
                    "Resource": f"arn:aws:lambda:{longest['region']}:123456789012:function:"
                    f"lifeboat-{longest['stage']}-authorize:live",
                    "Condition": {
                        "ArnLike": {
                            "AWS:SourceArn": f"arn:aws:execute-api:{longest['region']}:123456789012:"
                            f"abcdef1234/*/{route.method}{path}"
                        }
                    },
                }
                size += len(json.dumps(statement)) + 1
        assert size < 20_480, id_


def test_what_people_call_has_a_route() -> None:
    assert {route.key for route in read_template(TEMPLATE).routes} >= {
        "POST /predict",
        "GET /model",
        "GET /openapi.json",
        "GET /docs",
        *HEALTH,
    }


# ---- Parameters and profiles


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
