"""What a cloud engineer asks for, in template.yaml: off by default, and what each parameter changes."""

import re
from functools import partial
from typing import Any

import pytest

from tests.support.declared import DOCUMENT, EVERYTHING, PARAMETERS, RESOURCES, of_type
from tests.support.resolved import deployed as deployed_with
from tests.support.resolved import refused, resolved

ACCOUNT = "123456789012"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
VPC = {
    "SubnetIds": "subnet-0123456789abcdef0,subnet-0123456789abcdef1",
    "SecurityGroupIds": "sg-0123456789abcdef0",
}
DOMAIN = {
    "DomainName": "api.example.org",
    "CertificateArn": f"arn:aws:acm:eu-west-1:{ACCOUNT}:certificate/11111111-2222-3333-4444-555555555555",
}
OPTIONS: dict[str, dict[str, str]] = {
    "throttles": {"RequestsPerSecond": "500", "BatchesPerSecond": "50"},
    "reserved concurrency": {"ReservedConcurrency": "50"},
    "provisioned concurrency": {"ProvisionedConcurrency": "2"},
    "boundary": {"PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/boundary"},
    "key": {"KmsKeyArn": KEY},
    "VPC": VPC,
    "object lock": {"ObjectLockDays": "30"},
    "domain": {**DOMAIN, "BasePath": "ml/v1", "DefaultEndpoint": "Disabled"},
    "address of alarms": {"AlarmUrl": "https://alarms.example.org/sns"},
    "topic of alarms": {"SharedAlarmTopic": f"arn:aws:sns:eu-west-1:{ACCOUNT}:alarms"},
    "budget": {"MonthlyBudget": "50"},
}
FUNCTIONS = [id_ for id_, _ in of_type("AWS::Serverless::Function")]
# With every function that there may be.
deployed = partial(deployed_with, **EVERYTHING)
ROLES = [id_ for id_, _ in of_type("AWS::IAM::Role")]


def properties(id_: str, **parameters: str) -> dict[str, Any]:
    found: dict[str, Any] = deployed(**parameters)[id_]["Properties"]
    return found


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_has_values_that_its_parameters_allow_and_is_off_by_default(option: str) -> None:
    for name, value in OPTIONS[option].items():
        parameter = PARAMETERS[name]
        assert re.fullmatch(parameter.get("AllowedPattern", ".*"), value), name
        assert str(parameter["Default"]) != value
    assert refused(**OPTIONS[option]) == []
    assert deployed(**OPTIONS[option]) != deployed()


def test_without_options_there_is_no_resource_and_no_setting_of_theirs() -> None:
    plain = deployed()
    assert not plain.keys() & {"KmsKeyUse", "Domain", "DomainMapping", "Budget", "AlarmUrlSubscription"}
    for id_ in ROLES:
        assert "PermissionsBoundary" not in plain[id_]["Properties"]
    assert resolved(DOCUMENT["Globals"]["Function"]).keys().isdisjoint({"VpcConfig"})
    assert "kms" not in str(plain).lower().replace("'kmskeyid'", "")
    assert "ObjectLock" not in str(plain["Store"])
    assert "servers" not in plain["Api"]["Properties"]["DefinitionBody"]
    assert plain["Api"]["Properties"]["DefaultRouteSettings"] == {
        "ThrottlingRateLimit": 100,
        "ThrottlingBurstLimit": 200,
    }
    assert resolved(DOCUMENT["Outputs"]["ApiUrl"]["Value"])[1].startswith("https://${Api}.execute-api.")


def test_throttles_are_of_all_routes_or_of_batches() -> None:
    api = properties("Api", RequestsPerSecond="500", RequestBurst="900", BatchesPerSecond="7")
    requests = {"ThrottlingRateLimit": "500", "ThrottlingBurstLimit": "900"}
    assert api["DefaultRouteSettings"] == requests
    assert api["RouteSettings"]["POST /models/{model}/predict"] == requests
    assert api["RouteSettings"]["POST /predict/batch"] == {
        "ThrottlingRateLimit": "7",
        "ThrottlingBurstLimit": "40",
    }
    # Who watches is not told to wait, and does not pay for a flood.
    assert api["RouteSettings"]["GET /health/ready"]["ThrottlingRateLimit"] == 20


def test_concurrency_is_reserved_for_predict_and_provisioned_for_its_alias() -> None:
    predict = properties("PredictFunction", ReservedConcurrency="50", ProvisionedConcurrency="2")
    assert predict["ReservedConcurrentExecutions"] == "50"
    assert predict["ProvisionedConcurrencyConfig"] == {"ProvisionedConcurrentExecutions": "2"}
    assert predict["AutoPublishAlias"] == "live"
    assert (
        not {"ReservedConcurrentExecutions", "ProvisionedConcurrencyConfig"}
        & properties("PredictFunction").keys()
    )


@pytest.mark.parametrize("role", ROLES)
def test_every_role_has_the_boundary(role: str) -> None:
    boundary = OPTIONS["boundary"]["PermissionsBoundary"]
    assert properties(role, PermissionsBoundary=boundary)["PermissionsBoundary"] == boundary


def test_sam_makes_no_role_of_its_own_which_would_have_no_boundary() -> None:
    for function in FUNCTIONS:
        declared = RESOURCES[function]["Properties"]
        assert declared["Role"][0] == "GetAtt"
        if "DeploymentPreference" in declared:
            assert declared["DeploymentPreference"]["Role"] == ["GetAtt", "CodeDeployServiceRole.Arn"]


def test_codedeploys_role_is_the_one_that_sam_would_make() -> None:
    role = properties("CodeDeployServiceRole")
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": ["codedeploy.amazonaws.com"]}
    arn = "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSCodeDeployRoleForLambda"
    assert role["ManagedPolicyArns"] == [["Sub", arn]]
    assert "Policies" not in role


def test_a_key_encrypts_bucket_logs_alarms_and_queues() -> None:
    made = deployed(KmsKeyArn=KEY)
    [rule] = made["Store"]["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}
    assert rule["BucketKeyEnabled"] is True
    for id_, resource in made.items():
        match resource["Type"]:
            case "AWS::Logs::LogGroup":
                assert resource["Properties"]["KmsKeyId"] == KEY, id_
            case "AWS::SNS::Topic" | "AWS::SQS::Queue":
                assert resource["Properties"]["KmsMasterKeyId"] == KEY, id_
                assert "SqsManagedSseEnabled" not in resource["Properties"], id_


def test_who_uses_the_bucket_or_fills_a_queue_may_use_the_key_and_nobody_else() -> None:
    made = deployed(KmsKeyArn=KEY)
    allowed = {
        role
        for role in ROLES
        if ["Ref", "KmsKeyUse"] in made[role]["Properties"].get("ManagedPolicyArns", [])
    }
    using = {
        role for role in ROLES if re.search(r"'(s3:(Get|Put)Object|sqs:SendMessage)'", str(RESOURCES[role]))
    }
    assert allowed == using
    for statement in made["KmsKeyUse"]["Properties"]["PolicyDocument"]["Statement"]:
        assert statement["Resource"] == KEY
        assert list(statement["Condition"]["StringEquals"]) == ["kms:ViaService"]


def test_all_functions_run_in_the_vpc_and_have_the_rights_that_it_takes_from_the_beginning() -> None:
    made = deployed(**VPC)
    assert resolved(DOCUMENT["Globals"]["Function"], **VPC)["VpcConfig"] == {
        "SubnetIds": VPC["SubnetIds"].split(","),
        "SecurityGroupIds": [VPC["SecurityGroupIds"]],
    }
    for function in FUNCTIONS:
        assert "VpcConfig" not in RESOURCES[function]["Properties"]
        role = RESOURCES[function]["Properties"]["Role"][1].removesuffix(".Arn")
        assert "AWSLambdaENIManagementAccess" in str(made[role]["Properties"]["ManagedPolicyArns"])


def test_a_version_in_a_vpc_is_described_within_what_lambda_takes() -> None:
    longest = {
        "SubnetIds": ",".join(["subnet-" + 17 * "0"] * 3),
        "SecurityGroupIds": ",".join(["sg-" + 17 * "0"] * 2),
        "DefaultModel": 40 * "m",
        "PredictMemory": "10240",
        "Architecture": "x86_64",
        "SnapStart": "PublishedVersions",
        "LoggedShare": "0.12345",
        "Tracing": "PassThrough",
    }
    text = properties("PredictFunction", **longest)["VersionDescription"][1]
    assert len(re.sub(r"\$\{(\w+)}", lambda match: longest[match[1]], text)) <= 256


@pytest.mark.parametrize(
    ("path", "url"), [("", "https://${DomainName}"), ("ml/v1", "https://${DomainName}/${BasePath}")]
)
def test_a_domain_leads_to_the_api_and_is_the_address_that_is_told(path: str, url: str) -> None:
    mapping = properties("DomainMapping", **DOMAIN, BasePath=path)
    assert mapping["ApiId"] == ["Ref", "Api"]
    assert mapping.get("ApiMappingKey", "") == path
    assert resolved(DOCUMENT["Outputs"]["ApiUrl"]["Value"], **DOMAIN, BasePath=path) == ["Sub", url]


def test_the_default_endpoint_can_be_switched_off() -> None:
    [server] = properties("Api", **DOMAIN, DefaultEndpoint="Disabled")["DefinitionBody"]["servers"]
    assert server["x-amazon-apigateway-endpoint-configuration"] == {"disableExecuteApiEndpoint": True}


def test_pages_of_the_api_alone_may_send_files_into_the_bucket() -> None:
    """By the addresses that the API signs for them; what these are not for, a browser does not send."""
    own, domain = "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}", "https://${DomainName}"

    def origins(**parameters: str) -> list[str]:
        (rule,) = properties("Store", **parameters)["CorsConfiguration"]["CorsRules"]
        assert (rule["AllowedMethods"], rule["AllowedHeaders"]) == (["PUT"], ["content-type"])
        assert "ExposedHeaders" not in rule
        return [address for _, address in rule["AllowedOrigins"]]

    assert origins() == [own]
    assert origins(**DOMAIN) == [domain, own]
    assert origins(**DOMAIN, DefaultEndpoint="Disabled") == [domain]


def test_a_budget_and_an_address_are_told_through_the_topic_of_alarms() -> None:
    made = deployed(MonthlyBudget="50", AlarmUrl="https://alarms.example.org/sns")
    budget = made["Budget"]["Properties"]
    assert budget["Budget"]["BudgetLimit"] == {"Amount": "50", "Unit": "USD"}
    assert {each["Subscribers"][0]["Address"][1] for each in budget["NotificationsWithSubscribers"]} == {
        "AlarmTopic"
    }
    principals = [
        statement["Principal"]["Service"]
        for statement in made["AlarmTopicPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    ]
    assert principals == ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]
    subscription = made["AlarmUrlSubscription"]["Properties"]
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("https", "https://alarms.example.org/sns")


def test_every_alarm_goes_to_a_shared_topic_as_well() -> None:
    topic = OPTIONS["topic of alarms"]["SharedAlarmTopic"]
    for id_, alarm in of_type("AWS::CloudWatch::Alarm"):
        assert resolved(alarm["AlarmActions"], SharedAlarmTopic=topic) == [["Ref", "AlarmTopic"], topic], id_


def test_a_lock_is_of_the_whole_bucket_for_so_many_days() -> None:
    store = properties("Store", ObjectLockDays="30")
    assert store["ObjectLockEnabled"] is True
    assert store["ObjectLockConfiguration"]["Rule"]["DefaultRetention"] == {
        "Mode": "GOVERNANCE",
        "Days": "30",
    }


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"SubnetIds": VPC["SubnetIds"]}, "SubnetIds and SecurityGroupIds go together"),
        ({"SecurityGroupIds": VPC["SecurityGroupIds"]}, "SubnetIds and SecurityGroupIds go together"),
        ({"DomainName": "api.example.org"}, "DomainName and CertificateArn go together"),
        ({"CertificateArn": DOMAIN["CertificateArn"]}, "DomainName and CertificateArn go together"),
        ({"DefaultEndpoint": "Disabled"}, "nothing would answer otherwise"),
        ({"BasePath": "v1"}, "BasePath is a path of DomainName"),
        ({"ProvisionedConcurrency": "2", "SnapStart": "PublishedVersions"}, "Lambda does one or the other"),
    ],
)
def test_what_does_not_go_together_is_refused_before_anything_is_made(
    parameters: dict[str, str], said: str
) -> None:
    assert any(said in text for text in refused(**parameters))
