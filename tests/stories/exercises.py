"""All that each function does in AWS, done once: what its role in template.yaml is held against."""

import json
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

import pytest

from functions.authorize import handler as authorize_module
from functions.core.base.ids import new_ids, time_of
from functions.core.identity.key_list import add
from functions.core.identity.keys import make_key
from functions.core.predictions.records import folder
from functions.core.registry import deployment, versions
from functions.core.registry.keys import CHAMPION, holdout_key, manifest_key, model_key, sha256
from functions.core.registry.manifest import Lineage, Manifest
from functions.core.storage.folder import FolderStore
from functions.core.storage.parameter_opening import open_parameter
from functions.core.storage.view import ModelStore
from functions.datasets.handler import handler as datasets_handler
from functions.feedback.handler import handler as feedback_handler
from functions.keys.handler import handler as keys_handler
from functions.local.platform.template import read_template
from functions.models.handler import handler as models_handler
from functions.monitor import service as monitor_service
from functions.monitor.handler import handler as monitor_handler
from functions.monitor.pending import Pending, upload_dataset
from functions.pages.handler import handler as pages_handler
from functions.predict.handler import handler as predict_handler
from functions.retrain import handler as retrain_module
from functions.scoring.handler import handler as scoring_handler
from functions.scoring.http_handler import handler as scoring_api_handler
from functions.track import handler as track_module
from tests.conftest import TITANIC
from tests.stories.iam import Need
from tests.stories.recorder import Recorder
from tests.support import gateway
from tests.support.declared import EVERYTHING, TEMPLATE
from tests.support.parameters import wait_for_parameters
from tests.support.production import logged_line
from tests.support.titanic import MODEL

FUNCTIONS = read_template(TEMPLATE, **EVERYTHING).functions
BUCKET = FUNCTIONS["PredictFunction"].environment["LIFEBOAT_STORE"].removeprefix("s3://")
OTHER = "0" * 15 + "1"


class Machine:
    """An S3 protocol on a socket, in which the functions run as template.yaml has them, under watch."""

    def __init__(self, recorder: Recorder, s3: Any, published: FolderStore) -> None:
        self.recorder = recorder
        self._s3 = s3
        self._published = published
        self._titanic = ModelStore(published, MODEL)
        self.champion = deployment.read_champion(self._titanic)[0]
        self.version = self.champion.version
        self.manifest = versions.read_manifest(self._titanic, self.version)

    def put(self, key: str, body: bytes) -> str:
        """Put an object into the model's part of the bucket."""
        full = self._titanic.full(key)
        found: str = self._s3.put_object(Bucket=BUCKET, Key=full, Body=body)["VersionId"]
        return found

    def delete(self, key: str) -> None:
        self._s3.delete_object(Bucket=BUCKET, Key=self._titanic.full(key))

    def publish(self) -> None:
        """Put the champion into the bucket, and the same model once more as version OTHER."""
        for entry in self._published.list(""):
            body = self._published.get(entry.key).body
            self._s3.put_object(Bucket=BUCKET, Key=entry.key, Body=body)
        other: Manifest = self.manifest.model_copy(update={"version": OTHER})
        self.put(manifest_key(OTHER), other.as_json())
        for key in (model_key, holdout_key):
            self.put(key(OTHER), self._titanic.get(key(self.version)).body)

    def ask(self, handler: Any, method: str, path: str, body: Any = None) -> int:
        """The status of a handler's answer to an administrator's request."""
        with self.recorder.recording():
            status, _ = gateway.call(handler, method, path, body, scopes="admin")
        return status

    def upload(self, key: str, body: bytes | None, *, with_version: bool) -> str:
        """What retrain makes of the event of an upload; without a body the object is not there any more."""
        record = gateway.read_event("s3_put")["Records"][0]
        record["s3"]["object"] = {"key": quote_plus(self._titanic.full(key), safe="/")}
        if body is not None:
            version_id = self.put(key, body)
            if with_version:
                record["s3"]["object"]["versionId"] = version_id
        with self.recorder.recording():
            (result,) = retrain_module.handler({"Records": [record]}, None)["results"]
        status: str = result["status"]
        return status


def exercise_predict(machine: Machine) -> None:
    passenger = {"pclass": 1, "sex": "female"}
    assert machine.ask(predict_handler, "GET", "/health/ready") == 503
    machine.publish()
    machine.delete(manifest_key(machine.version))
    assert machine.ask(predict_handler, "GET", "/model") == 503
    machine.publish()
    # The second finds the champion unchanged.
    for _ in range(2):
        assert machine.ask(predict_handler, "POST", "/predict", passenger) == 200
    # A search for a prediction that nobody made reads all that there is.
    [id_] = new_ids(1)
    machine.put(f"{folder(time_of(id_))}a.jsonl", b"")
    assert machine.ask(predict_handler, "GET", f"/predictions/{id_}") == 404
    # Which models there are tell registry and schemas; before any champion, a schema tells what a row is.
    assert machine.ask(predict_handler, "GET", "/v2/models") == 200
    assert machine.ask(predict_handler, "GET", "/models/churn/openapi.json") == 200
    machine.put("registry/champion.json", b"{")
    assert machine.ask(predict_handler, "GET", "/openapi.json") == 200


def exercise_retrain(machine: Machine) -> None:
    # A column of this name is the one to predict, so that a schema can be inferred.
    lines = TITANIC.read_bytes().replace(b"survived", b"outcome").splitlines(keepends=True)
    # Fewer passengers train sooner.
    first, second = b"".join(lines[:300]), b"".join(lines[:301])
    assert machine.upload("datasets/first.csv", first, with_version=True) == "promoted"
    assert machine.upload("datasets/again.csv", first, with_version=False) == "already published"
    assert machine.upload("datasets/second.csv", second, with_version=True) in {"promoted", "published"}
    assert machine.upload("datasets/bad.csv", b"pclass,outcome,sex\n", with_version=True) == "rejected"
    assert machine.upload("datasets/empty.csv", b"", with_version=True) == "rejected"
    assert machine.upload("datasets/gone.csv", None, with_version=False) == "gone"


def exercise_models(machine: Machine) -> None:
    def ask(method: str, path: str, body: Any = None) -> int:
        return machine.ask(models_handler, method, path, body)

    why = {"reason": "a test", "force": True}
    assert ask("GET", "/models/champion") == 503
    assert ask("POST", f"/models/{OTHER}/promote", why) == 404
    machine.publish()
    assert ask("GET", "/models?limit=2") == 200
    assert ask("GET", "/models/titanic/versions?limit=2") == 200
    assert ask("GET", f"/models/{OTHER}") == 200
    assert ask("GET", "/models/titanic/schema") == 200
    for fields in ([{"name": "calls", "type": "integer"}], [{"name": "plan", "type": "boolean"}]):
        document = {"fields": [*fields, {"name": "churned", "type": "boolean"}], "target": "churned"}
        assert ask("PUT", "/models/churn/schema", document) == 200
    assert ask("GET", f"/models/compare?left={OTHER}&right={machine.version}") == 200
    assert ask("POST", f"/models/{OTHER}/promote", why) == 200
    assert ask("POST", "/models/rollback", {"reason": "a test"}) == 200
    assert ask("GET", "/models/history") == 200
    assert ask("DELETE", f"/models/{machine.version}") == 409
    assert ask("DELETE", f"/models/{OTHER}") == 204
    assert ask("DELETE", f"/models/{OTHER}") == 404


def exercise_authorize(machine: Machine) -> None:
    wait_for_parameters()
    event = gateway.read_event("authorizer_request")
    text, key = make_key(["predict"], "a test", datetime.now(UTC))
    event["headers"]["x-api-key"] = text

    def key_id() -> str:
        with machine.recorder.recording():
            found: str = authorize_module.handler(event, None)["context"]["key_id"]
        return found

    assert key_id() == ""
    add(open_parameter(FUNCTIONS["AuthorizeFunction"].environment["LIFEBOAT_KEYS"]), key, datetime.now(UTC))
    assert key_id() == key.id


def exercise_datasets(machine: Machine) -> None:
    def ask(method: str, path: str, body: Any = None) -> int:
        return machine.ask(datasets_handler, method, path, body)

    # Before there is a model, there is nothing to list.
    assert ask("GET", "/models/churn/uploads") == 404
    machine.publish()
    assert ask("PUT", "/models/churn/datasets/a.csv", "calls,churned") == 202
    assert ask("PUT", "/models/titanic/datasets/a.csv", "a table") == 202
    assert ask("PUT", "/models/titanic/datasets/a.csv?replace=true", "another") == 202
    text = "a table in one part"
    part = json.dumps(text).encode()
    assert ask("PUT", f"/models/titanic/datasets/b.csv/parts/{sha256(part)}", text) == 201
    assert ask("POST", "/models/titanic/datasets/b.csv", {"parts": [sha256(b"another")]}) == 422
    assert ask("POST", "/models/titanic/datasets/b.csv", {"parts": [sha256(part)]}) == 202
    machine.put("rejected/a.csv.0123456789abcdef.json", b"{}")
    assert ask("GET", "/uploads") == 200
    assert ask("GET", "/datasets") == 200


def exercise_keys(machine: Machine) -> None:
    wait_for_parameters()
    assert machine.ask(keys_handler, "GET", "/keys") == 200
    assert machine.ask(keys_handler, "POST", "/keys", {"scopes": ["predict"], "note": "the first"}) == 201
    other = {"scopes": ["read"], "note": "another", "models": ["to-come"]}
    assert machine.ask(keys_handler, "POST", "/keys", other) == 201
    assert machine.ask(keys_handler, "DELETE", "/keys/00000000") == 404
    assert machine.ask(keys_handler, "GET", "/people") == 200


def exercise_pages(machine: Machine) -> None:
    with machine.recorder.recording():
        assert pages_handler({"rawPath": "/", "routeKey": "GET /"}, None)["statusCode"] == 200


def exercise_feedback(machine: Machine) -> None:
    def ask(method: str, path: str, body: Any = None) -> int:
        return machine.ask(feedback_handler, method, path, body)

    # Neither a champion nor a schema: what a row is, nobody knows.
    assert ask("GET", "/models/churn/feedback/progress") == 404
    assert ask("GET", "/feedback/progress") == 404
    machine.publish()
    [id_] = new_ids(1)
    assert ask("POST", "/feedback", {"prediction_id": id_, "survived": True}) == 404
    [id_] = new_ids(1)
    machine.put(f"{folder(time_of(id_))}a.jsonl", logged_line(id_, version=OTHER))
    # The second finds a lease, that has ended by then.
    assert ask("GET", "/feedback/queue") == 200
    time.sleep(1)
    assert ask("GET", "/feedback/queue") == 200
    assert ask("GET", f"/feedback/rounds/{id_}") == 404
    assert ask("POST", "/feedback/rounds", {"size": 1}) == 201
    assert ask("GET", "/feedback/rounds") == 200
    assert ask("POST", "/feedback", {"prediction_id": id_, "survived": True}) == 200
    assert ask("GET", "/feedback/progress") == 200
    assert ask("GET", "/feedback/export") == 200


def exercise_monitor(machine: Machine) -> None:
    def ask(method: str, path: str) -> int:
        return machine.ask(monitor_handler, method, path)

    assert ask("GET", "/monitoring/report") == 404
    assert ask("POST", "/monitoring/run") == 503
    assert ask("POST", "/models/churn/monitoring/run") == 404
    machine.publish()
    # As uploaded: the manifest names the version of the dataset.
    manifest = machine.manifest
    facts = {"version_id": machine.put("datasets/titanic.csv", TITANIC.read_bytes())}
    manifest = manifest.model_copy(update={"dataset": manifest.dataset.model_copy(update=facts)})
    body = manifest.as_json()
    machine.put(manifest_key(machine.version), body)
    machine.put(CHAMPION, machine.champion.model_copy(update={"manifest_sha256": sha256(body)}).as_json())
    [id_] = new_ids(1)
    machine.put(f"{folder(time_of(id_))}a.jsonl", logged_line(id_, version=OTHER))
    machine.put(f"feedback/dt={time_of(id_):%Y-%m-%d}/{id_}/000001-1-a.json", b"")
    assert ask("POST", "/training") == 202
    assert ask("POST", "/monitoring/run") == 200
    assert ask("GET", "/monitoring/reports") == 200
    assert ask("GET", "/monitoring/reports/9") == 404
    made_of = Lineage(
        reference_key="", reference_version_id=None, reference_sha256="", labels=0, reason="", champion=""
    )
    forgotten = Pending(
        key=f"datasets/labelled-{0:016x}.csv", copy_key=f"monitoring/datasets/{0:064x}.csv", lineage=made_of
    )
    with machine.recorder.recording():
        assert not upload_dataset(monitor_service.service().store_of(MODEL), forgotten)


class Hurried:
    """What Lambda says of an invocation whose time is up once it has scored a part of a file."""

    def get_remaining_time_in_millis(self) -> int:
        return 0


def score(key: str) -> dict[str, Any]:
    """What the scoring function makes of the event of an object, or of one that is gone."""
    object_ = {"key": f"scoring/{MODEL}/{key}"}
    record = gateway.read_event("s3_put")["Records"][0] | {"s3": {"object": object_}}
    [answer] = scoring_handler({"Records": [record]}, Hurried())["results"]
    return dict(answer)


def exercise_scoring(machine: Machine) -> None:
    def recorded(key: str) -> str:
        with machine.recorder.recording():
            return str(score(key)["state"])

    machine.put("scoring/in/early.csv", TITANIC.read_bytes())
    assert recorded("in/early.csv") == "failed"
    assert recorded("in/none.csv") == "gone"
    assert recorded("again/0123456789abcdef0123") == "gone"
    # A version that is in service, and that somebody has deleted.
    machine.put(CHAMPION, machine.champion.model_copy(update={"version": OTHER}).as_json())
    machine.put("scoring/in/deleted.csv", TITANIC.read_bytes())
    assert recorded("in/deleted.csv") == "failed"
    machine.publish()
    machine.put("scoring/in/people.csv", TITANIC.read_bytes())
    with machine.recorder.recording():
        answer = score("in/people.csv")
    assert answer["state"] == "running"
    assert recorded(f"again/{answer['job']}") == "done"
    # What is no table any more once its upload was begun.
    machine.put("scoring/in/cut.csv", TITANIC.read_bytes() + b'1,1,"a')
    with machine.recorder.recording():
        answer = score("in/cut.csv")
    assert recorded(f"again/{answer['job']}") == "failed"


def exercise_scoring_api(machine: Machine) -> None:
    def ask(method: str, path: str, body: Any = None) -> int:
        return machine.ask(scoring_api_handler, method, path, body)

    assert ask("POST", "/models/churn/scoring", {"file": "a.csv"}) == 404
    assert ask("GET", "/scoring/0123456789abcdef0123") == 404
    machine.publish()
    assert ask("POST", "/models/titanic/scoring", {"key": "scoring/titanic/in/none.csv"}) == 404
    machine.put("scoring/in/a.csv", TITANIC.read_bytes())
    assert ask("POST", "/models/titanic/scoring", {"key": "scoring/titanic/in/a.csv"}) == 202
    assert ask("POST", "/scoring", {"file": "b.csv"}) == 202
    # Whoever has the address uploads with the rights of the function that made it.
    machine.recorder.needs.add(Need("s3:PutObject", f"arn:aws:s3:::{BUCKET}/scoring/titanic/in/0/b.csv"))
    # One that was begun, and is handed over: there is an upload to give up, and a tail to delete.
    job = score("in/a.csv")["job"]
    assert ask("DELETE", f"/scoring/{job}") == 200
    assert ask("GET", f"/scoring/{job}") == 200
    assert ask("GET", "/models/titanic/scoring") == 200


def exercise_track(machine: Machine) -> None:
    machine.publish()
    event = gateway.read_event("s3_put")
    event["Records"][0]["s3"]["object"]["key"] = "registry/titanic/champion.json"
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        patch.setenv("LIFEBOAT_TRACKING_URI", f"file://{folder}/mlflow")
        with machine.recorder.recording():
            [tracked] = track_module.handler(event, None)["tracked"]
            assert tracked["added"] == 1
            track_module.handler({"source": "aws.events"}, None)


EXERCISES: dict[str, Callable[[Machine], None]] = {
    "AuthorizeFunction": exercise_authorize,
    "DatasetsFunction": exercise_datasets,
    "FeedbackFunction": exercise_feedback,
    "KeysFunction": exercise_keys,
    "MonitorFunction": exercise_monitor,
    "PagesFunction": exercise_pages,
    "PredictFunction": exercise_predict,
    "RetrainFunction": exercise_retrain,
    "ModelsFunction": exercise_models,
    "ScoringFunction": exercise_scoring,
    "ScoringApiFunction": exercise_scoring_api,
    "TrackFunction": exercise_track,
}
