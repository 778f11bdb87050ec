"""`upload FILE` and `model FILE`: what is said about each way a dataset can end."""

import hashlib
import json
import shlex
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from functions.core.base.errors import InvalidInput
from functions.core.registry import deployment
from functions.core.registry.keys import report_key
from functions.core.registry.manifest import Columns, Decision
from functions.core.schema.document.parsing import InvalidSchema, read_schema
from functions.core.stats.records import Interval, MeanContributions
from functions.core.storage.contract import Store
from functions.core.storage.view import SCHEMA, ModelStore
from functions.local.use import upload as module
from functions.local.use.tables import Table, put_schema
from functions.local.use.upload import make_model, upload
from tests.support.versions import facts, publish

BODY = b"customer,age,plan,churned\n" + b"".join(
    f"c{row:03},{20 + row % 50},{('basic', 'gold')[row % 2]},{('no', 'yes')[row % 3 == 0]}\n".encode()
    for row in range(60)
)
READ = Columns(used=["age", "plan"], passed_over=["customer"], missing=["city"])


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(module, "PROMOTION_SECONDS", 0.3)


@pytest.fixture
def churn(whole_store: Store) -> ModelStore:
    """Another model's part of the store than the default one's."""
    return ModelStore(whole_store, "churn")


@pytest.fixture
def table(tmp_path: Path) -> Table:
    path = tmp_path / "more.csv"
    path.write_bytes(BODY)
    return Table(path, "churn", target="churned")


def retrained(store: ModelStore, version: str, body: bytes, *, promote: bool = True) -> None:
    """Publish `version`, made from the rows of `body` by the schema of the store."""
    dataset = facts(
        key="datasets/churn/more.csv",
        sha256=hashlib.sha256(body).hexdigest(),
        rows=1309,
        rejected_rows=7,
        columns=READ,
    )
    decision = Decision(promote=promote, rule="floors", reason="it is worse")
    bad_rows = [{"line": line, "column": "age", "reason": "must be a number"} for line in range(2, 9)]
    report = {"notes": ["the column age has numbers"], "bad_rows": bad_rows}
    store.put(report_key(version), json.dumps(report).encode())
    schema = read_schema(store.get(SCHEMA).body)
    told: dict[str, Any] = {
        "metrics": {"roc_auc": Interval(value=0.996, low=0.99, high=0.998)},
        "contributions": MeanContributions(
            rows=50, base_probability=0.3, mean_absolute={"age": 0.05, "plan": 0.4}, is_sampled=False
        ),
    }
    publish(store, version, dataset=dataset, decision=decision, schema=schema, **told)


def promote(store: ModelStore, version: str) -> None:
    deployment.promote(store, version, expected=None, by="test", reason="it is better")


def after_upload(store: ModelStore, act: Callable[[], object]) -> threading.Thread:
    """Plays the retrain: acts once the dataset is there."""

    def wait_and_act() -> None:
        while not list(store.list("datasets/")):
            threading.Event().wait(0.01)
        # As in life, the answer comes after the uploader has begun to wait.
        threading.Event().wait(0.05)
        act()

    thread = threading.Thread(target=wait_and_act)
    thread.start()
    return thread


def said(store: ModelStore, table: Table, act: Callable[[], object] = lambda: None) -> tuple[bool, str]:
    lines: list[str] = []
    thread = after_upload(store, act)
    accepted = upload(store, table, lines.append, patience=3)
    thread.join(30)
    return accepted, "\n".join(lines)


@pytest.fixture
def _with_schema(churn: ModelStore, table: Table) -> None:
    """The model has a schema, as each has that was ever trained."""
    put_schema(churn, table, lambda _: None)


@pytest.mark.usefixtures("_with_schema")
def test_a_promotion_is_told_with_the_columns_and_the_rows_left_out(
    churn: ModelStore, table: Table, whole_store: Store
) -> None:
    def retrain() -> None:
        retrained(churn, "0" * 16, b"another file")
        retrained(churn, "1" * 16, BODY)
        threading.Event().wait(0.05)
        promote(churn, "1" * 16)

    accepted, words = said(churn, table, retrain)
    assert accepted
    assert f"version {'1' * 16}: gradient boosting on 1,309 rows" in words
    assert "Columns    used: age, plan" in words
    assert "passed over: customer" in words
    assert "missing: city" in words
    assert "the column age has numbers" in words
    assert "Left out   7 of 1,316 rows" in words
    assert "line 6, age: must be a number" in words
    assert "line 7" not in words
    assert f"and 2 more: models/churn/{'1' * 16}/report.json" in words
    assert "Quality    ROC AUC 0.996 (95 %: 0.990 to 0.998) on " in words
    assert "which is nearly perfect, by plan above all: if a column is only known" in words
    assert "Promoted   it is better" in words
    assert whole_store.get("datasets/churn/more.csv").body == BODY


@pytest.mark.usefixtures("_with_schema")
def test_a_model_that_is_not_promoted_is_told_with_the_reason(churn: ModelStore, table: Table) -> None:
    accepted, words = said(churn, table, lambda: retrained(churn, "1" * 16, BODY, promote=False))
    assert accepted
    assert "Kept       out of service: it is worse" in words
    command = words.partition("by hand: make models MODEL=churn ARGS=")[2]
    assert shlex.split(command.splitlines()[0]) == [f'promote {"1" * 16} --force --reason "..."']


def test_a_first_version_that_is_not_promoted_leaves_nothing_to_ask(churn: ModelStore, table: Table) -> None:
    lines: list[str] = []
    thread = after_upload(churn, lambda: retrained(churn, "1" * 16, BODY, promote=False))
    assert not make_model(churn, table, "$API", lines.append)
    thread.join(30)
    assert lines[-1] == "No version of churn is in service, so there is nothing to ask yet"


@pytest.mark.usefixtures("_with_schema")
def test_a_promotion_that_another_one_overtook_is_told(churn: ModelStore, table: Table) -> None:
    accepted, words = said(churn, table, lambda: retrained(churn, "1" * 16, BODY))
    assert accepted
    assert "another version was promoted meanwhile" in words


def test_a_refusal_is_told_with_its_first_reasons(churn: ModelStore, table: Table) -> None:
    churn.put("rejected/more.csv.0.json", b"{}")
    bad_rows = [{"line": line, "column": "plan", "reason": "must be basic or gold"} for line in range(2, 9)]
    report = {
        "reason": "700 of 900 rows are bad",
        "rejected_rows": 700,
        "bad_rows": bad_rows,
        "columns": READ.model_dump(),
    }
    accepted, words = said(
        churn, table, lambda: churn.put("rejected/more.csv.1.json", json.dumps(report).encode())
    )
    assert not accepted
    assert "Refused    700 of 900 rows are bad" in words
    assert "missing: city" in words
    assert "line 6, plan: must be basic or gold" in words
    assert "line 7" not in words
    assert "and 695 more: rejected/churn/more.csv.1.json" in words


@pytest.mark.usefixtures("_with_schema")
def test_the_same_file_again_is_told_to_change_nothing(churn: ModelStore, table: Table) -> None:
    retrained(churn, "1" * 16, BODY)
    churn.put("models/2222222222222222/manifest.json", b"{")
    accepted, words = said(churn, table)
    assert accepted
    assert f"the same file made version {'1' * 16} before" in words


@pytest.mark.usefixtures("_with_schema")
def test_the_same_file_by_another_schema_is_another_version(churn: ModelStore, table: Table) -> None:
    retrained(churn, "1" * 16, BODY)
    document = json.loads(churn.get(SCHEMA).body)
    churn.put(SCHEMA, json.dumps(document | {"ignored": ["customer", "city"]}).encode())
    accepted, words = said(churn, table, lambda: retrained(churn, "2" * 16, BODY, promote=False))
    assert accepted
    assert f"Published  version {'2' * 16}" in words


def test_silence_is_told_after_a_while(
    churn: ModelStore, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REMIND_SECONDS", 0.02)
    lines: list[str] = []
    assert not upload(churn, table, lines.append, patience=0.1)
    assert any("seconds now; the runner (make run) logs each step" in line for line in lines)
    assert "is the runner (make run) up" in lines[-1]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("more.csv", "more.csv"),
        ("more.csv.gz", "more.csv.gz"),
        ("more.tsv", "more.csv"),
        ("more.txt.gz", "more.csv"),
        ("more", "more.csv"),
        # What tells one from the other is kept.
        ("sales.2026-01.tsv", "sales.2026-01.csv"),
        ("sales.2026-02.tsv.gz", "sales.2026-02.csv"),
        # As a Mac may write it: the accent apart from its letter.
        ("Pra\u0308mien.csv", "Pr\u00e4mien.csv"),
    ],
)
def test_a_file_of_any_name_is_uploaded_as_a_table(
    churn: ModelStore, table: Table, name: str, key: str
) -> None:
    path = table.file.rename(table.file.with_name(name))
    upload(churn, Table(path, "churn"), lambda _: None, patience=0)
    assert [entry.key for entry in churn.list("datasets/")] == [f"datasets/{key}"]


def test_a_file_that_takes_the_place_of_another_is_said_to(churn: ModelStore, table: Table) -> None:
    churn.put("datasets/more.csv", b"age,churned\n")
    lines: list[str] = []
    upload(churn, table, lines.append, patience=0)
    assert lines[0].startswith("Replaced   a file of that name: 12 bytes, since 20")
    assert lines[1].startswith("Uploaded   more.csv")


# ---- A new model


def test_a_model_is_made_by_the_schema_that_its_file_seems_to_have(churn: ModelStore, table: Table) -> None:
    def retrain() -> None:
        retrained(churn, "1" * 16, BODY)
        promote(churn, "1" * 16)

    lines: list[str] = []
    thread = after_upload(churn, retrain)
    assert make_model(churn, table, "http://127.0.0.1:8000", lines.append)
    thread.join(30)
    words = "\n".join(lines)
    assert "Schema     inferred from more.csv: 2 features, to predict churned" in words
    assert "numbers: age" in words
    assert "categories: plan" in words
    assert "customer" in words.partition("Uploaded")[0]
    schema = read_schema(churn.get(SCHEMA).body)
    assert schema.names == ("age", "plan")
    assert schema.target.code("yes") == 1
    command = shlex.split(lines[-1].replace("\\\n", ""))
    assert command[:3] == ["curl", "-s", "http://127.0.0.1:8000/models/churn/predict"]
    assert "x-api-key: $KEY" in command
    # The first row of the file, as people write it.
    assert json.loads(command[-1]) == {"age": 20, "plan": "basic"}


def test_a_model_is_made_by_the_schema_that_is_given(churn: ModelStore, table: Table, tmp_path: Path) -> None:
    path = tmp_path / "churn.json"
    fields = [{"name": "age", "type": "number"}, {"name": "churned", "type": "boolean"}]
    path.write_text(json.dumps({"fields": fields, "target": "churned"}))
    given = Table(table.file, "churn", path)
    thread = after_upload(churn, lambda: churn.put("rejected/more.csv.1.json", REFUSAL))
    assert not make_model(churn, given, "$API", lambda _: None)
    thread.join(30)
    assert read_schema(churn.get(SCHEMA).body).names == ("age",)


def test_the_values_that_count_as_yes_may_be_named(churn: ModelStore, table: Table, tmp_path: Path) -> None:
    table.file.write_bytes(BODY.replace(b",no\n", b",maybe\n", 10))
    said: list[str] = []
    put_schema(churn, Table(table.file, "churn", target="churned", positive="yes,maybe"), said.append)
    target = read_schema(churn.get(SCHEMA).body).target
    assert [target.code(word) for word in ("no", "maybe", "yes")] == [0, 1, 1]
    assert any("yes, maybe count as yes, and no as no" in line for line in said)
    with pytest.raises(ValueError, match="a schema says what is predicted: leave out --target and --pos"):
        Table(table.file, "churn", tmp_path / "churn.json", positive="yes")


REFUSAL = json.dumps({"reason": "there is one class", "bad_rows": []}).encode()


def test_nothing_is_written_for_a_schema_that_does_not_fit(
    churn: ModelStore, whole_store: Store, table: Table, tmp_path: Path
) -> None:
    path = tmp_path / "churn.json"
    path.write_text("{}")
    with pytest.raises(InvalidSchema, match="target is missing"):
        make_model(churn, Table(table.file, "churn", path), "$API", lambda _: None)
    with pytest.raises(InvalidInput, match="salary"):
        make_model(churn, Table(table.file, "churn", target="salary"), "$API", lambda _: None)
    assert list(whole_store.list("")) == []
