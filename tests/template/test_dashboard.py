"""The dashboard in template.yaml: JSON once its names are filled in, about things that there are."""

import json
import re
from typing import Any

from functions.monitor.metrics import NAMESPACE, UNITS
from tests.support.declared import PARAMETERS, RESOURCES

TAG, BODY = RESOURCES["Dashboard"]["Properties"]["DashboardBody"]


# What the dashboard calls each function; one that is not always made cannot be referred to.
NAMES = {
    function["Properties"]["FunctionName"][1] if "Condition" in function else id_: id_
    for id_, function in RESOURCES.items()
    if function["Type"] == "AWS::Serverless::Function"
}


def widgets() -> list[dict[str, Any]]:
    filled = re.sub(r"\$\{([^}]+)\}", lambda found: found[1], BODY)
    return [widget["properties"] for widget in json.loads(filled)["widgets"]]


def test_the_dashboard_names_what_there_is() -> None:
    assert TAG == "Sub"
    names = set(re.findall(r"\$\{([^}]+)\}", BODY))
    assert names <= {*RESOURCES, *PARAMETERS, "AWS::Region"}
    # All of them: who adds a function sees to its crashes and its cost.
    assert set(NAMES) <= names | set(re.findall(r"lifeboat-[^\"]+", BODY))


def test_it_shows_what_one_asks_about_first() -> None:
    titles = " ".join(widget["title"] for widget in widgets()).lower()
    asked = ("traffic", "errors", "latency", "cold start", "version", "drift", "quality", "retrain", "cost")
    assert all(what in titles for what in asked)


def test_its_metrics_are_those_that_the_monitor_sends() -> None:
    metrics = [metric for widget in widgets() for metric in widget.get("metrics", [])]
    own = {metric[1] for metric in metrics if metric[0] == NAMESPACE}
    assert own
    assert own <= UNITS.keys()


def test_every_functions_memory_is_in_its_cost() -> None:
    [cost] = [widget for widget in widgets() if widget["title"].startswith("Cost")]
    formula = cost["metrics"][0][0]["expression"]
    ids = {metric[4]["id"]: (metric[1], metric[3]) for metric in cost["metrics"][1:]}
    factors: dict[str, str] = {}
    for factor, sum_ in re.findall(r"(\w+) \* (d\d+|\([d\d+ ]+\))", formula):
        factors |= dict.fromkeys(re.findall(r"d\d+", sum_), factor)
    for id_, (metric, function) in ids.items():
        if metric == "Duration":
            named = function.replace("Stage", "${Stage}") if function.startswith("lifeboat-") else function
            memory = RESOURCES[NAMES[named]]["Properties"]["MemorySize"]
            assert factors[id_] == (memory[1] if isinstance(memory, list) else str(memory)), function
        if metric == "Invocations":
            assert id_ in formula
