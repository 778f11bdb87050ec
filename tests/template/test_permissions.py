"""What the roles in template.yaml may hold: single actions, on resources that are named."""

import pytest

from tests.support.declared import (
    RESOURCES,
)
from tests.support.resolved import resolved
from tests.template.roles import ROLES, resources, statements

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


each_role = pytest.mark.parametrize("role", ROLES)


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
