"""Rules and dashboard: they ask for metrics that there are, and promtool finds nothing wrong with them."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

import functions.local.monitoring
from functions.core.storage.folder import FolderStore
from functions.local.monitoring.exposition import Exposition
from functions.local.monitoring.metrics import Metrics

FOLDER = Path(functions.local.monitoring.__file__).parent
RULES = FOLDER / "rules.yml"
TESTS = Path(__file__).with_name("rules_test.yml")
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "dashboard.json").read_text())
_NAME = re.compile(r"\blifeboat_\w+")


def names_scraped(tmp_path: Path) -> set[str]:
    """Every name that a scrape can have."""
    metrics = Metrics(["PredictFunction"])
    Exposition(metrics, FolderStore(str(tmp_path)), dict)
    return {
        name
        for family in metrics.registry.collect()
        for name in (
            [f"{family.name}_total"]
            if family.type == "counter"
            else [f"{family.name}_{part}" for part in ("bucket", "sum", "count")]
            if family.type == "histogram"
            else [family.name]
        )
    }


def queries() -> list[str]:
    """Those of the dashboard, and of its variables."""
    panels = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    variables = DASHBOARD["templating"]["list"]
    return panels + [one["query"]["query"] for one in variables if one["type"] == "query"]


def alerts() -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]
    return rules


def test_all_that_is_asked_for_is_scraped_and_all_that_is_scraped_is_shown(tmp_path: Path) -> None:
    asked = {name for query in queries() for name in _NAME.findall(query)}
    alarmed = {name for rule in alerts() for name in _NAME.findall(rule["expr"])}
    known = names_scraped(tmp_path)
    assert asked | alarmed <= known
    unseen = {name for name in known - asked if not name.endswith(("_sum", "_count"))}
    assert unseen == {
        "lifeboat_models_not_shown",
        "lifeboat_model_promoted_timestamp_seconds",
        "lifeboat_report_promotion",
        "lifeboat_trainings_due",
    }


def test_panels_have_a_place_of_their_own() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_every_rule_says_what_to_do_and_is_tested() -> None:
    cases = yaml.safe_load(TESTS.read_text())["tests"]
    tested = {case["alertname"] for test in cases for case in test["alert_rule_test"] if case["exp_alerts"]}
    assert tested == {rule["alert"] for rule in alerts()}
    assert all(rule["annotations"]["summary"] and rule["labels"]["severity"] for rule in alerts())


@pytest.fixture
def promtool() -> str:
    found = shutil.which("promtool")
    if not found:
        pytest.skip("promtool is not here; Debian has it in the package prometheus")
    return found


def test_promtool_finds_the_rules_and_the_configuration_right(promtool: str, tmp_path: Path) -> None:
    shutil.copy(RULES, tmp_path)
    shutil.copy(FOLDER / "prometheus.yml", tmp_path)
    shutil.copy(TESTS, tmp_path)
    for arguments in (
        ["check", "config", "prometheus.yml"],
        ["check", "rules", "rules.yml"],
        ["test", "rules", TESTS.name],
    ):
        done = subprocess.run(
            [promtool, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_reads_every_query_of_the_dashboard(promtool: str, tmp_path: Path) -> None:
    # As rules: of a query alone, it has no check.
    asked = [query.replace("$__rate_interval", "1m").replace("$model", ".*") for query in queries()]
    rules = [
        {"record": f"dashboard:query{number}", "expr": query}
        for number, query in enumerate(asked)
        if not query.startswith("label_values")
    ]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    done = subprocess.run(
        [promtool, "check", "rules", str(file)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(rules)} rules found" in done.stdout
