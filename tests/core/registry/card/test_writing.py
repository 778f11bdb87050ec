"""The card of a version: all that its manifest knows, said as it is, and what it does not know said too."""

import json
import re
from copy import deepcopy
from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCard, ModelCardData

from functions.core.registry import versions
from functions.core.registry.card.writing import html_card, markdown_card
from functions.core.registry.manifest import Lineage, Manifest
from functions.core.schema.document.parsing import parse_schema
from functions.core.stats.formulas import auc_interval, wilson_interval
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from tests.support import churn
from tests.support.titanic import MODEL
from tests.support.versions import PASSED, facts, publish


@pytest.fixture(scope="module")
def manifest(published: Any) -> Manifest:
    """Of a version that was trained on the shipped table."""
    store = ModelStore(FolderStore(str(published)), MODEL)
    [version] = versions.published(store)
    return versions.read_manifest(store, version)


@pytest.fixture
def bare(store: ModelStore) -> Manifest:
    """Of a version of whose table nothing is told, as an earlier release published it."""
    return publish(store, "a", schema=churn.SCHEMA)


def section(card: str, heading: str) -> str:
    """What stands below a heading, up to the next."""
    return card.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def rows_of(text: str) -> list[list[str]]:
    """The cells of the tables in it."""
    lines = [line for line in text.splitlines() if line.startswith("|") and "---" not in line]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_a_card_is_the_same_bytes_each_time_and_from_the_manifest_alone(manifest: Manifest) -> None:
    read_again = versions.parse_manifest(manifest.as_json(), manifest.version)
    assert markdown_card(manifest) == markdown_card(read_again)
    assert html_card(manifest) == html_card(read_again)


def test_a_card_has_its_parts_in_order(manifest: Manifest) -> None:
    assert re.findall(r"^## (.*)$", markdown_card(manifest), re.MULTILINE) == [
        "Intended use",
        "Who answers for it",
        "Inputs and output",
        "Data",
        "Split",
        "Candidates",
        "Quality",
        "Group by group",
        "Calibration",
        "What its answers depend on",
        "Certificate",
        "The gate's decision",
        "Limits",
        "How to reproduce",
    ]
    headings = re.findall(r"<h2>(.*?)</h2>", html_card(manifest))
    assert len(headings) == 14


def test_figures_are_those_of_the_manifest(manifest: Manifest) -> None:
    card = markdown_card(manifest)
    auc = manifest.metrics["roc_auc"]
    assert ["ROC AUC", f"{auc.value:.4f}", f"{auc.low:.4f} to {auc.high:.4f}"] in rows_of(
        section(card, "Quality")
    )
    (true_no, false_yes), (false_no, true_yes) = manifest.confusion
    assert f"finds {true_yes / (false_no + true_yes):.1%}" in card
    assert f"takes {false_yes / (true_no + false_yes):.1%}" in card
    women = manifest.slices["sex=female"]
    assert ["`sex=female`", str(int(women["rows"])), str(int(women["positives"]))] in [
        row[:3] for row in rows_of(section(card, "Group by group"))
    ]
    assert manifest.dataset.sha256 in section(card, "Data")
    assert "1,309 passengers, of which 500 (38.2%)" in section(card, "Data")
    ranked = rows_of(section(card, "Candidates"))[1:]
    assert [row[0] for row in ranked] == [
        f"{name} (chosen)" if name == manifest.model else name
        for name in sorted(manifest.selection, key=lambda name: manifest.selection[name]["log_loss"])
    ]


def test_figures_of_a_group_have_the_intervals_that_its_counts_give(manifest: Manifest) -> None:
    heads, *rows = rows_of(section(markdown_card(manifest), "Group by group"))
    by_group = {row[0]: dict(zip(heads, row, strict=True)) for row in rows}
    women = manifest.slices["sex=female"]
    rows_of_women, positives = int(women["rows"]), int(women["positives"])
    rate = women["true_positive_rate"]
    hits = wilson_interval(round(rate * positives), positives)
    auc = auc_interval(women["roc_auc"], positives, rows_of_women - positives)
    assert auc is not None
    shown = by_group["`sex=female`"]
    assert shown["true positive rate"] == f"{rate:.4f} ({hits.low:.4f} to {hits.high:.4f})"
    assert shown["ROC AUC"] == f"{auc.value:.4f} ({auc.low:.4f} to {auc.high:.4f})"
    assert shown["log loss (nats)"] == f"{women['log_loss']:.4f}"


def test_groups_that_are_told_apart_by_more_than_chance_are_named(store: ModelStore) -> None:
    def group(found: float, wrong: float, rows: float = 200) -> dict[str, float]:
        rates = {"true_positive_rate": found, "false_positive_rate": wrong}
        return {"rows": rows, "positives": rows / 2} | rates

    slices = {
        "sex=female": group(0.9, 0.3), "sex=male": group(0.1, 0.2),
        # So few rows that it may be chance; and a group in which nobody has the outcome.
        "class=1": group(0.75, 0.25, rows=8), "class=2": {"rows": 3.0, "positives": 0.0},
    }  # fmt: skip
    told = section(markdown_card(publish(store, "a", slices=slices)), "Group by group")
    assert [line for line in told.splitlines() if line.startswith("- ")] == [
        "- The true positive rate is 10.0% for `sex=male` and 90.0% for `sex=female`: more apart than chance "
        "explains."
    ]


def test_who_answers_is_whom_the_schema_names_and_else_said_to_be_missing(
    store: ModelStore, bare: Manifest
) -> None:
    listed = [
        {"title": "Risk team", "organization": "Bank", "email": "risk@example.org", "path": "https://a.b"}
    ]
    schema = parse_schema(deepcopy(churn.DOCUMENT) | {"contributors": listed})
    card = markdown_card(publish(store, "b", schema=schema))
    assert "- Risk team, Bank: `risk@example.org`, `https://a.b`" in section(card, "Who answers for it")
    assert "Who answers for the model" not in section(card, "Limits")
    missing = markdown_card(bare)
    assert section(missing, "Who answers for it").strip().startswith("Not recorded: the schema names nobody")
    assert "Who answers for the model" in section(missing, "Limits")


def test_what_the_answers_depend_on_is_told_from_a_stated_sample(manifest: Manifest) -> None:
    told = section(markdown_card(manifest), "What its answers depend on")
    assert "over 100 of the held-out rows (exact;" in told
    known = manifest.contributions
    assert known is not None
    [_, first, *_] = rows_of(told)
    assert first == ["`sex`", f"{max(known.mean_absolute.values()):.4f}"]


def test_calibration_is_told_bin_by_bin(manifest: Manifest) -> None:
    rows = rows_of(section(markdown_card(manifest), "Calibration"))[1:]
    assert sum(int(row[-1]) for row in rows) == manifest.dataset.holdout_rows


def test_the_license_and_the_use_are_those_of_the_schema(manifest: Manifest) -> None:
    card = markdown_card(manifest)
    assert "Not for any decision about people who live" in section(card, "Intended use")
    data = section(card, "Data")
    assert "`other-pd` Public, as OpenML's data set 40945 says `https://www.openml.org/d/40945`" in data
    assert "What it is meant for is written down nowhere" not in card


def test_what_its_operator_has_to_settle_is_said(manifest: Manifest) -> None:
    card = markdown_card(manifest)
    assert "How long that is kept" in card
    assert "who may overrule one" in card


def test_what_is_not_known_is_said(bare: Manifest) -> None:
    card = markdown_card(bare)
    assert section(card, "Intended use").strip().startswith("Unknown: the schema has no description.")
    assert "License of the data: unknown" in card
    assert "earlier release" in section(card, "Calibration")
    assert "Not recorded" in section(card, "What its answers depend on")
    assert "What it is meant for is written down nowhere." in section(card, "Limits")
    assert "Whether it does worse for some people than for others was not measured." in card
    assert "Not judged group by group" in section(card, "Group by group")
    assert "In the schema, and not in the file: none" in card


def test_limits_follow_from_the_data(store: ModelStore) -> None:
    lineage = Lineage(
        reference_key="datasets/churn/a.csv",
        reference_version_id=None,
        reference_sha256="0" * 64,
        labels=12,
        reason="drift",
        champion="b" * 16,
    )
    manifest = publish(
        store,
        "a",
        schema=churn.SCHEMA,
        decision=PASSED.model_copy(update={"promote": False, "reason": "it is worse"}),
        dataset=facts(rows=1_000, positives=20, rejected_rows=7, lineage=lineage, version_id="v7"),
    )
    limits = section(markdown_card(manifest), "Limits")
    assert "One outcome is rare (2.0% of the rows)" in limits
    assert "7 rows were left out" in limits
    assert "Part of the outcomes were told afterwards" in limits
    assert "The gate held it back" in limits
    data = section(markdown_card(manifest), "Data")
    assert "12 predictions whose outcome was told later" in data
    assert ", version `v7` of that object" in data


def test_the_metadata_is_what_the_hugging_face_hub_reads(manifest: Manifest) -> None:
    card = ModelCard(markdown_card(manifest))
    data = yaml.safe_load(str(card.data))
    assert (data["library_name"], data["pipeline_tag"]) == ("sklearn", "tabular-classification")
    assert data["license"] == "unknown"
    assert data["data_licenses"][0]["name"] == "other-pd"
    assert isinstance(card.data, ModelCardData)
    by_metric = {result.metric_type: result for result in card.data.eval_results or []}
    assert by_metric["roc_auc"].metric_value == manifest.metrics["roc_auc"].value
    assert by_metric["brier_score"].dataset_revision == manifest.dataset.sha256
    assert card.text.lstrip().startswith("# Passengers of the Titanic: titanic")


@pytest.mark.parametrize(
    "text",
    ['"quoted" \\ back', "---\nlicense: mit", "key: value # no comment", "\u2028\x85\x00\u202e", "Ω 🚢"],
)
def test_nothing_that_people_write_changes_the_metadata(store: ModelStore, text: str) -> None:
    document = deepcopy(churn.DOCUMENT) | {"licenses": [{"name": text, "title": text}]}
    manifest = publish(store, "a", schema=parse_schema(document), dataset=facts(key=f"datasets/x/{text}.csv"))
    _, head, _ = re.split(r"^---$", markdown_card(manifest), maxsplit=2, flags=re.MULTILINE)
    data = yaml.safe_load(head)
    visible = " ".join(re.sub("[\x00\u202e]", "", text).split())
    assert data["license"] == "unknown"
    assert data["data_licenses"][0]["name"].strip() == visible
    assert data["model-index"][0]["results"][0]["dataset"]["name"].startswith("datasets/x/")


def test_a_card_stands_whatever_kind_of_values_a_schema_has_for_people(store: ModelStore) -> None:
    document = deepcopy(churn.DOCUMENT) | {"title": 7, "description": ["no", "text"]}
    card = markdown_card(publish(store, "a", schema=parse_schema(document)))
    assert "# titanic\n" in card
    assert "Unknown: the schema has no description." in card
    # An integer of a float is shown whole, a word as it is.
    inputs = {row[0]: row[3] for row in rows_of(section(card, "Inputs and output"))}
    assert inputs["`version`"] == json.dumps(0.1) + ", 2, 3"
    assert inputs["`charges`"] == "from 0"
    assert inputs["`paperless`"] == "false, true"


def test_a_file_with_an_odd_name_is_quoted_in_the_command(store: ModelStore) -> None:
    manifest = publish(store, "a", dataset=facts(key="datasets/titanic/a'; rm -rf ~ `x`.csv"))
    command = section(markdown_card(manifest), "How to reproduce")
    assert """--dataset 'a'"'"'; rm -rf ~ `x`.csv'""" in command
