"""From a table to a model in service: uploads, what became of them, versions compared and changed."""

import gzip
from typing import Any

from functions.core.registry.keys import sha256
from tests.deploy.stage import Stage, wait_for
from tests.support.strangers import churn_table
from tests.support.titanic import DATA, MODEL, TABLE

SCHEMA = DATA / "titanic.schema.json"
CHURN = "churn"
CSV = {"content-type": "text/csv"}
BYTES = {"content-type": "application/octet-stream"}
SCHEDULED = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
WHY: dict[str, Any] = {"reason": "test-deploy", "force": True}


def refuse_before_there_is_a_model(stage: Stage) -> None:
    """What is not there is told from what may not be read: 503, 404 and an empty list, never a fault."""
    ready = stage.ask("GET", "/health/ready", status=503)
    assert ready.json()["code"] == "NO_CHAMPION"
    stage.ask("HEAD", "/health/ready", status=503)
    stage.key = stage.make_key("admin")
    assert stage.ask("GET", "/models").json()["models"] == []
    stage.ask("GET", "/models/champion", status=503)
    # Before any champion, a schema says what a row is.
    stage.put("schemas/early.json", SCHEMA.read_bytes())
    stage.ask("GET", "/models/early/openapi.json")
    stage.ask("POST", "/monitoring/run", status=503)
    stage.ask("POST", "/models/nobody/monitoring/run", status=404)
    stage.ask("GET", "/models/titanic/feedback/progress", status=404)
    stage.ask("GET", "/models/titanic/uploads", status=404)
    stage.ask("POST", "/models/titanic/scoring", {"file": "a.csv"}, status=404)


def train_the_first_model(stage: Stage) -> str:
    """An upload to the bucket is all that it takes. Returns the version that is in service then."""
    stage.put(f"schemas/{MODEL}.json", SCHEMA.read_bytes())
    stage.put(f"datasets/{MODEL}/titanic.csv", TABLE.read_bytes())
    version = wait_for("a first champion", lambda: stage.champion(MODEL))
    wait_for("predict", lambda: stage.ask("GET", "/health/ready").json()["version"] == version)
    return version


def train_a_second_model(stage: Stage) -> None:
    """By the API alone, from a table that nobody has described: inferred, uploaded in parts, trained."""
    table = churn_table().encode()
    inferred = stage.ask(
        "POST", f"/models/{CHURN}/schema/inference?target=Churned", table, headers=CSV
    ).json()
    assert inferred["schema"]["target"]
    whole = gzip.compress(table, mtime=0)
    parts = [whole[: len(whole) // 2], whole[len(whole) // 2 :]]
    path = f"/models/{CHURN}/datasets/customers.csv.gz"
    # A gateway takes what it knows to be text for text, and these bytes are none.
    for part in parts:
        stage.ask("PUT", f"{path}/parts/{sha256(part)}", part, status=201, headers=BYTES)
    named = {"parts": [sha256(part) for part in parts]}
    stage.ask("POST", path, {"parts": [sha256(b"another")]}, status=422)
    stage.ask("POST", f"{path}?target=Churned", named, status=202)
    wait_for("a champion of the second model", lambda: stage.champion(CHURN))
    schema = stage.ask("GET", f"/models/{CHURN}/schema").json()
    schema["fields"][0]["description"] = "as the company has it"
    stage.ask("PUT", f"/models/{CHURN}/schema", schema)
    stage.ask("GET", f"/models/{CHURN}/openapi.json")
    row = {"Calls": 9, "Monthly Charge": 80.0, "Plan": "basic", "Paperless": True}
    assert stage.ask("POST", f"/models/{CHURN}/predict", row).json()["model"]["name"] == CHURN


def refuse_a_bad_dataset(stage: Stage) -> None:
    """Its key has what an event encodes: a space, a plus, a percent sign, a letter beyond ASCII."""
    stage.put(f"datasets/{MODEL}/bad name+1 100% ä.csv", b"pclass,survived,sex\n9,7,x\n")
    [report] = wait_for("a refusal", lambda: stage.keys(f"rejected/{MODEL}/"))
    assert "bad name+1 100% ä.csv" in report
    for path in ("/uploads", f"/models/{MODEL}/uploads"):
        uploads = stage.ask("GET", path).json()["uploads"]
        assert any("bad name+1" in upload["key"] and upload["state"] == "refused" for upload in uploads)


def read_datasets(stage: Stage) -> None:
    for root in ("", f"/models/{MODEL}"):
        datasets = stage.ask("GET", f"{root}/datasets").json()["datasets"]
        stage.ask("GET", f"{root}/datasets/{datasets[0]['id']}")


def compare_and_change_versions(stage: Stage) -> None:
    """Beside those there are, another one; promoted, taken back, deleted, by both kinds of paths."""
    serving = stage.champion(MODEL)
    known = set(stage.versions(MODEL))
    fewer = b"".join(TABLE.read_bytes().splitlines(keepends=True)[:900])
    stage.ask("PUT", f"/models/{MODEL}/datasets/fewer.csv", fewer, status=202, headers=CSV)
    wait_for("another version", lambda: set(stage.versions(MODEL)) - known)
    # Whatever the gate made of them.
    wait_for("the gate", lambda: _judged(stage, 3))
    current = stage.champion(MODEL)
    others = [version for version in stage.versions(MODEL) if version != current]
    assert serving in {current, *others}
    first, second = others[:2]
    of = f"/models/{MODEL}"
    stage.ask("GET", f"/models/compare?left={first}&right={current}")
    stage.ask("GET", f"{of}/compare?left={first}&right={current}")
    for path in (f"/models/{first}", f"{of}", f"{of}/versions", f"{of}/versions/{first}"):
        stage.ask("GET", path)
    for about in ("curves", "card"):
        stage.ask("GET", f"/models/{first}/{about}")
        stage.ask("GET", f"{of}/versions/{first}/{about}")
    stage.ask("POST", f"/models/{first}/promote", WHY)
    stage.ask("POST", "/models/rollback", {"reason": "test-deploy"})
    assert stage.champion(MODEL) == current
    stage.ask("POST", f"{of}/versions/{second}/promote", WHY)
    stage.ask("POST", f"{of}/rollback", {"reason": "test-deploy"})
    assert stage.champion(MODEL) == current
    stage.ask("DELETE", f"/models/{current}", status=409)
    stage.ask("DELETE", f"/models/{first}", status=204)
    stage.ask("DELETE", f"{of}/versions/{second}", status=204)
    stage.ask("DELETE", f"{of}/versions/{second}", status=404)
    for path in ("/models/champion", f"{of}/champion", "/models/history", f"{of}/history", "/models", "/me"):
        stage.ask("GET", path)


def _judged(stage: Stage, number: int) -> bool:
    """Whether so many uploads have been judged."""
    listed = stage.ask("GET", f"/models/{MODEL}/uploads").json()["uploads"]
    return sum(upload["version"] is not None for upload in listed) >= number


def watch_and_train(stage: Stage) -> None:
    """The monitor's own dataset has another version trained, as the schedule would."""
    before = set(stage.versions(MODEL))
    stage.ask("POST", "/monitoring/run")
    stage.ask("POST", f"/models/{MODEL}/monitoring/run")
    for root in ("", f"/models/{MODEL}"):
        stage.ask("GET", f"{root}/monitoring/report")
        reports = stage.ask("GET", f"{root}/monitoring/reports").json()["reports"]
        stage.ask("GET", f"{root}/monitoring/reports/{reports[0]['sequence']}")
        stage.ask("GET", f"{root}/monitoring/traffic?days=1")
    stage.ask("POST", "/training", status=202)
    wait_for("a labelled dataset", lambda: stage.keys(f"datasets/{MODEL}/labelled-"))
    wait_for("a version from labelled rows", lambda: set(stage.versions(MODEL)) - before)
    stage.ask("POST", f"/models/{MODEL}/training", status=202)
    stage.invoke("MonitorFunction", SCHEDULED)
