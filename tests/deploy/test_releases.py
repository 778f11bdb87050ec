"""Releases that work and that fail, the end of a stage, and its way back to the bucket that it left."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

from functions.local.process.child import ROOT
from functions.local.process.environment import REGION
from tests.deploy.api_routes import make_routes
from tests.deploy.emulated import Template
from tests.deploy.emulator import ACCOUNT, Emulator
from tests.deploy.sam_deploy import delete, deploy
from tests.deploy.stage import Stage, wait_for
from tests.support.steps import Steps
from tests.support.titanic import MODEL

# A template of a bucket alone, with which a stack begins that takes one over.
ADOPTED = ROOT / "docs" / "adopt-bucket.json"


def live_version(stage: Stage) -> str:
    alias = stage.emulator.client("lambda").get_alias(
        FunctionName=stage.resources["PredictFunction"], Name="live"
    )
    return str(alias["FunctionVersion"])


def memory_of_predict(stage: Stage) -> int:
    client: Any = stage.emulator.client("lambda")
    return int(
        client.get_function_configuration(FunctionName=stage.resources["PredictFunction"])["MemorySize"]
    )


def taken_name(template: Template) -> Template:
    """The template with two more buckets of one name, of which one can be made, once all else is there."""
    broken = deepcopy(template)
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Fn::Sub": "lifeboat-${Stage}-taken"}}}
    broken["Resources"]["Taken"] = {**bucket, "DependsOn": ["Store", "PredictFunction"]}
    broken["Resources"]["TakenToo"] = {**bucket, "DependsOn": ["Taken"]}
    return broken


def with_memory(template: Template, megabytes: int) -> Template:
    changed = deepcopy(template)
    changed["Parameters"]["PredictMemory"]["Default"] = megabytes
    return changed


def test_an_update_by_sam_moves_the_alias(stage: Stage, tmp_path: Path, step: Steps) -> None:
    before = live_version(stage)
    with step("update") as said:
        deploy(stage.packaged, stage.stack, {"Stage": stage.name, "PredictMemory": "1152"})
        said.append(f"from version {before} to {live_version(stage)} of predict")
    assert int(live_version(stage)) == int(before) + 1
    stage.ask("GET", "/model")


def test_an_update_that_fails_leaves_everything_as_it_was(stage: Stage, step: Steps) -> None:
    before, champion, memory = live_version(stage), stage.champion(MODEL), memory_of_predict(stage)
    with step("failing"):
        status = stage.apply(taken_name(with_memory(stage.translated, 1280)))
    assert status == "UPDATE_ROLLBACK_COMPLETE"
    assert (live_version(stage), memory_of_predict(stage)) == (before, memory)
    assert stage.ask("GET", "/health/ready", key="").json()["version"] == champion


def test_a_deleted_stage_leaves_its_bucket_and_its_keys(stage: Stage, step: Steps) -> None:
    with step("sam delete"), kept_bundles(stage):
        delete(stage.stack)
    assert stage.champion(MODEL)
    names = stage.emulator.client("ssm").describe_parameters()["Parameters"]
    assert [item["Name"] for item in names] == [f"/lifeboat/{stage.name}/keys"]
    groups = stage.emulator.client("logs").describe_log_groups()["logGroups"]
    assert [item["logGroupName"] for item in groups if stage.stack in item["logGroupName"]] == []


def test_the_bucket_is_in_the_way_of_the_same_stage(stage: Stage) -> None:
    assert stage.apply(stage.translated) == "ROLLBACK_COMPLETE"
    # CloudFormation looks before it begins, and names the resource only in the events of the operation.
    assert failures(stage)
    stage.delete()
    assert stage.champion(MODEL)


def test_a_stage_comes_back_to_its_bucket(stage: Stage, step: Steps) -> None:
    """The commands of docs/deploying.md, then the same `sam deploy` as ever."""
    champion = stage.champion(MODEL)
    with step("way back"):
        adopt_bucket(stage)
        deploy(stage.packaged, stage.stack, {"Stage": stage.name})
        stage.look()
        make_routes(stage.emulator, stage.translated, stage.resources)
    wait_for("predict", lambda: stage.ask("GET", "/health/ready").json()["version"] == champion)
    # The keys are those of before.
    stage.ask("GET", "/model")


def test_after_a_first_deployment_that_failed_the_next_one_works(
    emulator: Emulator, stage: Stage, step: Steps
) -> None:
    second = Stage(emulator, "second")
    with step("failed") as said:
        assert second.apply(taken_name(stage.translated)) == "ROLLBACK_COMPLETE"
        said.extend(failures(second))
    # It takes the empty bucket along; what is left is a record of the failure, which has to go.
    buckets = [item["Name"] for item in emulator.client("s3").list_buckets()["Buckets"]]
    assert not [name for name in buckets if "second" in name]
    second.delete()
    with step("again"):
        assert second.apply(stage.translated) == "CREATE_COMPLETE"
    with closing(second):
        second.ask("GET", "/health/ready", key="", status=503)


@contextmanager
def kept_bundles(stage: Stage) -> Iterator[None]:
    """`sam delete` deletes the bundles too. They are put back, so that they need not be zipped once more."""
    s3: Any = stage.emulator.client("s3")
    bucket = stage.bucket_of_bundles()
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{stage.stack}/")
    keys = [item["Key"] for item in pages.build_full_result()["Contents"]]
    for key in keys:
        s3.copy_object(Bucket=bucket, Key=f"kept/{key}", CopySource={"Bucket": bucket, "Key": key})
    yield
    for key in keys:
        s3.copy_object(Bucket=bucket, Key=key, CopySource={"Bucket": bucket, "Key": f"kept/{key}"})


def failures(stage: Stage) -> list[str]:
    """Why resources of the stack could not be made."""
    pages = stage.emulator.client("cloudformation").get_paginator("describe_stack_events")
    events = pages.paginate(StackName=stage.stack).build_full_result()["StackEvents"]
    return [
        event.get("ResourceStatusReason", "")
        for event in events
        if event["ResourceStatus"] == "CREATE_FAILED"
    ]


def adopt_bucket(stage: Stage) -> None:
    """Begin a stack with a bucket that is there: what docs/deploying.md has the aws command line do."""
    client: Any = stage.emulator.client("cloudformation")
    template = ADOPTED.read_text()
    bucket = f"lifeboat-{stage.name}-{ACCOUNT}-{REGION}"
    client.create_change_set(
        StackName=stage.stack,
        ChangeSetName="adopt",
        ChangeSetType="IMPORT",
        TemplateBody=template,
        Parameters=[{"ParameterKey": "Stage", "ParameterValue": stage.name}],
        ResourcesToImport=[
            {
                "ResourceType": "AWS::S3::Bucket",
                "LogicalResourceId": "Store",
                "ResourceIdentifier": {"BucketName": bucket},
            }
        ],
    )
    often = {"Delay": 1, "MaxAttempts": 60}
    client.get_waiter("change_set_create_complete").wait(
        StackName=stage.stack, ChangeSetName="adopt", WaiterConfig=often
    )
    client.execute_change_set(StackName=stage.stack, ChangeSetName="adopt")
    client.get_waiter("stack_import_complete").wait(StackName=stage.stack, WaiterConfig=often)
