"""One story of the whole loop, told of several tables: those of strangers, and the Titanic's.

Each becomes a model by one command, beside the others, and gets all that there is: predictions, explanations,
batches, the protocols of others, feedback, monitoring, replay, another version and the way back.
"""

import csv
import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.core.schema.columns import to_rows
from functions.core.schema.document.parsing import parse_schema
from functions.core.schema.schema import Schema
from functions.core.schema.tables.table import open_table
from functions.local.__main__ import main
from tests.stories.local_stack import Stack, local_stack
from tests.support.strangers import SUBJECTS, TITANIC, Subject

pytestmark = pytest.mark.long

ROWS = 40
ARRIVING_SECONDS = 30


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables")


@pytest.fixture(scope="module")
def stack(folder: Path) -> Iterator[Stack]:
    """`make run` over an empty store: it makes the Titanic's model, the default one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIFEBOAT_REFRESH_SECONDS", "0")
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        with local_stack(folder / "store", folder) as stack:
            yield stack


@pytest.fixture
def client(stack: Stack) -> Iterator[httpx.Client]:
    # The API is on this machine: a proxy from the environment does not know it.
    with httpx.Client(base_url=stack.api, headers=stack.headers, trust_env=False, timeout=60) as client:
        yield client


class Model:
    """The routes of one model, asked as a stranger would; whatever is refused fails the test."""

    def __init__(self, client: httpx.Client, subject: Subject, folder: Path) -> None:
        self.client = client
        self.subject = subject
        self.folder = folder
        self.root = "" if subject is TITANIC else f"/models/{subject.name}"

    def get(self, path: str, **options: Any) -> Any:
        return self.ask("GET", f"{self.root}{path}", **options).json()

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.ask("POST", f"{self.root}{path}", json=body, **options).json()

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        answer = self.client.request(method, path, **options)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer

    @property
    def version(self) -> str:
        """The version in service."""
        version: str = self.ask("GET", f"/models/{self.subject.name}/champion").json()["version"]
        return version

    def arrived(self, prediction_id: str) -> dict[str, Any]:
        """The record of a prediction, as soon as it can be found."""
        deadline = time.monotonic() + ARRIVING_SECONDS
        while True:
            answer = self.client.get(f"{self.root}/predictions/{prediction_id}")
            if answer.is_success:
                record: dict[str, Any] = answer.json()
                return record
            assert answer.status_code == 404, answer.text
            assert time.monotonic() < deadline, "the record of a prediction has not arrived"
            time.sleep(0.1)

    def command(self, *words: str) -> None:
        """A command of `functions.local` about the stack's store."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("LIFEBOAT_STORE", str(self.folder / "store"))
            assert main([*words]) == 0


def file_of(subject: Subject, folder: Path, *, without: int = 0) -> Path:
    """The subject's table as a file, without some of its last rows."""
    lines = subject.text().splitlines(keepends=True)
    path = folder / f"{subject.name}{without or ''}.csv"
    path.write_text("".join(lines[: len(lines) - without]), encoding="utf-8")
    return path


def rows_of(schema: Schema, text: str) -> list[dict[str, Any]]:
    """The rows of a table as requests have them: what is not known is left out."""
    [chunk] = open_table(io.BytesIO(text.encode()), schema, labelled=True)
    assert chunk.bad == []
    return [
        {name: _in_json(schema, name, value) for name, value in row.items() if value is not None}
        for row in to_rows(chunk.columns)
    ]


def _in_json(schema: Schema, name: str, value: Any) -> Any:
    return bool(value) if schema.feature(name).type == "boolean" else value


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
def test_a_table_gets_all_that_there_is(subject: Subject, client: httpx.Client, folder: Path) -> None:
    model = Model(client, subject, folder)
    if subject is not TITANIC:
        file = str(file_of(subject, folder))
        model.command("model", file, "--name", subject.name, "--target", subject.target)
    first = model.version
    listed = model.ask("GET", "/models").json()["models"]
    assert {one["name"] for one in listed} >= {subject.name, "titanic"}
    schema = parse_schema(model.ask("GET", f"/models/{subject.name}/schema").json())
    head = "".join(subject.text().splitlines(keepends=True)[: ROWS + 1])
    rows = rows_of(schema, head)

    answers = predicts(model, schema, rows, first)
    probabilities = [answer["probability"] for answer in answers]
    scores_many(model, rows, head, probabilities)
    speaks_other_protocols(model, schema, rows, probabilities)
    remembers(model, answers[0], first)
    learns_what_happened(model, schema, answers)
    is_watched(model)
    gets_another_version_and_goes_back(model, first, rows[0], probabilities[0])


def predicts(model: Model, schema: Schema, rows: list[dict[str, Any]], version: str) -> list[dict[str, Any]]:
    """Each row alone, with what each feature contributed to one of them."""
    answers = [model.post("/predict", row) for row in rows]
    for answer in answers:
        assert answer["model"] == {"name": model.subject.name, "version": version}
        outcome = schema.target.answers[answer["probability"] > answer["threshold"]]
        assert answer[schema.target.name] == outcome
    explained = model.post("/predict?explain=true", rows[0])["explanation"]
    assert explained["contributions"].keys() == set(schema.names)
    total = explained["base_probability"] + sum(explained["contributions"].values())
    assert total == pytest.approx(answers[0]["probability"], abs=1e-5)
    refused = model.client.post(f"{model.root}/predict", json=rows[0] | {"shoe size": 42})
    assert refused.status_code == 422
    assert "shoe size" in refused.text
    return answers


def scores_many(model: Model, rows: list[dict[str, Any]], head: str, expected: list[float]) -> None:
    """The same rows at once: JSON and CSV in, JSON and CSV out."""
    batch = model.post("/predict/batch", {"rows": rows})
    assert [one["probability"] for one in batch["predictions"]] == expected
    content, kind = head.encode(), {"content-type": "text/csv"}
    batch = model.post("/predict/batch", content=content, headers=kind)
    assert [one["probability"] for one in batch["predictions"]] == expected
    assert model.subject.target not in batch["columns"]["used"]
    path, accept = f"{model.root}/predict/batch", {"accept": "text/csv"}
    table = model.ask("POST", path, content=content, headers=kind | accept).text
    written = [float(row["probability"]) for row in csv.DictReader(io.StringIO(table))]
    assert written == pytest.approx(expected, abs=1e-6)


def speaks_other_protocols(
    model: Model, schema: Schema, rows: list[dict[str, Any]], expected: list[float]
) -> None:
    """The Open Inference Protocol, by tensors of what is known of one row; MLflow's, by records."""
    name = model.subject.name
    inputs = model.ask("GET", f"/v2/models/{name}").json()["inputs"]
    assert [tensor["name"] for tensor in inputs] == list(schema.names)
    known = [
        {"name": tensor["name"], "datatype": tensor["datatype"], "shape": [1, 1], "data": [value]}
        for tensor in inputs
        if (value := rows[0].get(tensor["name"])) is not None
    ]
    for tensor in known:
        if isinstance(tensor["data"][0], bool):
            tensor["data"] = [float(tensor["data"][0])]
    answer = model.ask("POST", f"/v2/models/{name}/infer", json={"inputs": known}).json()
    outputs = {output["name"]: output["data"] for output in answer["outputs"]}
    assert outputs["probabilities"][-1] == pytest.approx(expected[0], abs=1e-6)
    invoked = model.post("/invocations", {"dataframe_records": rows})["predictions"]
    assert [one["probability"] for one in invoked] == expected


def remembers(model: Model, answer: dict[str, Any], version: str) -> None:
    """What was answered can be looked up, and made again to the last bit."""
    record = model.arrived(answer["prediction_id"])
    assert (record["model"], record["version"]) == (model.subject.name, version)
    assert record["probability"] == answer["probability"]
    replayed = model.post(f"/predictions/{answer['prediction_id']}/replay")
    assert (replayed["identical"], replayed["version"]) == (True, version)


def learns_what_happened(model: Model, schema: Schema, answers: list[dict[str, Any]]) -> None:
    """Outcomes are reported in the words of the table, and come out as rows of it."""
    model.arrived(answers[-1]["prediction_id"])
    no, yes = model.subject.labels
    target = schema.target.name
    said = [
        {"prediction_id": answer["prediction_id"], target: yes if number % 2 else no}
        for number, answer in enumerate(answers)
    ]
    receipts = model.post("/feedback", said)
    assert (receipts["recorded"], receipts["unknown"]) == (len(said), 0)
    # Equal rows are labelled together.
    assert model.get("/feedback/progress")["labelled"] >= len(said)
    exported = model.ask("GET", f"{model.root}/feedback/export").text
    assert len(rows_of(schema, exported)) == len(said)
    page = model.get("/feedback/queue?limit=5")
    assert not {item["prediction_id"] for item in page["items"]} & {one["prediction_id"] for one in said}


def is_watched(model: Model) -> None:
    """The monitor has counted what was asked of this model, and knows what it was made from."""
    report = model.post("/monitoring/run")
    assert report["counted"]["rows"] >= ROWS
    assert model.get("/monitoring/report")["sequence"] == report["sequence"]
    datasets = model.get("/datasets")["datasets"]
    assert all(dataset["facts"]["key"].startswith(f"datasets/{model.subject.name}/") for dataset in datasets)
    assert datasets


def gets_another_version_and_goes_back(
    model: Model, first: str, row: dict[str, Any], probability: float
) -> None:
    """Another dataset makes another version; one call takes it back."""
    name = model.subject.name
    model.command("upload", str(file_of(model.subject, model.folder, without=20)), "--model", name)
    versions = model.ask("GET", f"/models/{name}/versions").json()["versions"]
    [second] = [one["version"] for one in versions if one["version"] != first]
    if model.version != second:
        body = {"reason": "the gate is strict on so few rows", "force": True}
        model.ask("POST", f"/models/{name}/versions/{second}/promote", json=body)
    assert model.post("/predict", row)["model"]["version"] == second
    model.ask("GET", f"/models/{name}/compare", params={"left": first, "right": second})
    model.ask("POST", f"/models/{name}/rollback", json={"reason": "a story"})
    again = model.post("/predict", row)
    assert (again["model"]["version"], again["probability"]) == (first, probability)
