"""The bucket in template.yaml: what it keeps, what it forgets, and which objects in it fire what."""

from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelReader
from functions.local.platform.template import read_template
from tests.support.declared import (
    RESOURCES,
    TEMPLATE,
)


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
