"""A folder of files, scored by the state machine: each once, and what became of each is told."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tests.deploy.stage import Stage, wait_for
from tests.support.titanic import MODEL, TABLE

MACHINE = "ScoringOfMany"
MARCH = f"scoring/{MODEL}/many/march/"
APRIL = f"scoring/{MODEL}/many/april/"
# Less than the function keeps in reserve: each invocation does one part, and hands the rest to the next.
NO_SECONDS = 30
_HEAD, _, _ROWS = TABLE.read_bytes().partition(b"\n")
# What becomes of each: a file that is no table, and one that is none at all, hold up no other.
FILES = {
    "": (b"", "ignored"),
    "cut.csv": (_HEAD + b"\n" + _ROWS + b'1,1,"a', "failed"),
    "first.csv": (TABLE.read_bytes(), "done"),
    "read me.txt": (b"of the first week", "ignored"),
    "second & last.csv": (_HEAD + b"\n" + _ROWS * 2, "done"),
}
Told = dict[str, dict[str, Any]]


def score_a_folder(stage: Stage) -> Told:
    """One execution. Returns what it tells of each file, by its key."""
    for name, (body, _) in FILES.items():
        stage.put(f"{MARCH}{name}", body)
    with _function_with(stage, Timeout=NO_SECONDS):
        _start_process(stage)
        told = _run(stage, MARCH)
    assert {key: said["state"] for key, said in told.items()} == {
        f"{MARCH}{name}": end for name, (_, end) in FILES.items()
    }
    assert "quote" in told[f"{MARCH}cut.csv"]["reason"]
    for name in ("first.csv", "second & last.csv"):
        rows = FILES[name][0].count(b"\n") - 1
        assert told[f"{MARCH}{name}"]["rows"] == rows
        [result] = stage.keys(f"scored/{MODEL}/results/{told[f'{MARCH}{name}']['job']}/")
        assert _lines(stage, result) == rows + 1
    return told


def score_it_again(stage: Stage, told: Told) -> None:
    """What is done is not done again: the same jobs, by a second execution."""
    _start_process(stage)
    again = _run(stage, MARCH)
    assert {key: said.get("job") for key, said in again.items()} == {
        key: said.get("job") for key, said in told.items()
    }


def fail_and_go_on(stage: Stage) -> None:
    """A function that cannot run fails the execution, whose alarm watches it. Mended, it starts again."""
    stage.put(f"{APRIL}people.csv", TABLE.read_bytes())
    with _function_with(stage, Handler="functions.scoring.nowhere.handler"):
        failed = _execute(stage, APRIL)
    assert (failed["status"], failed.get("error")) == ("FAILED", "States.ExceedToleratedFailureThreshold")
    [run] = _map_runs(stage, failed)
    assert (run["itemCounts"]["failed"], run["itemCounts"]["total"]) == (1, 1)
    [alarm] = stage.emulator.client("cloudwatch").describe_alarms(
        AlarmNames=[f"{stage.stack}-scoring-of-many"]
    )["MetricAlarms"]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/States", "ExecutionsFailed")
    watched = {"Name": "StateMachineArn", "Value": stage.resources[MACHINE]}
    assert alarm["Dimensions"] == [watched]
    assert failed["stateMachineArn"] == watched["Value"]
    assert [said["state"] for said in _run(stage, APRIL).values()] == ["done"]


def _start_process(stage: Stage) -> None:
    """Have the function answer once. Of one that is configured anew, the emulator ends the process while it
    starts the next: the first invocations fail, all the more if several come at once."""

    def answers() -> bool:
        try:
            said = stage.invoke("ScoringFunction", {"item": {"Key": MARCH, "Etag": '"e"'}})
        except AssertionError:
            return False
        return bool(said["state"] == "ignored")

    wait_for("the function as it is configured", answers)


def _run(stage: Stage, prefix: str) -> Told:
    """An execution that succeeds, and what each of its children ends with."""
    done = _execute(stage, prefix)
    [run] = _map_runs(stage, done)
    client: Any = stage.emulator.client("stepfunctions")
    children = [
        client.describe_execution(executionArn=child["executionArn"])
        for child in client.list_executions(mapRunArn=run["mapRunArn"])["executions"]
    ]
    ends = [
        (child["status"], child.get("input"), child.get("cause"), child.get("output")) for child in children
    ]
    assert done["status"] == "SUCCEEDED", ends
    assert run["itemCounts"]["failed"] == 0, ends
    assert len(children) == run["itemCounts"]["total"]
    outputs = [json.loads(child["output"]) for child in children]
    return {output["key"]: output for output in outputs}


def _execute(stage: Stage, prefix: str) -> Mapping[str, Any]:
    client: Any = stage.emulator.client("stepfunctions")
    started = client.start_execution(
        stateMachineArn=stage.resources[MACHINE], input=json.dumps({"prefix": prefix})
    )

    def ended() -> Mapping[str, Any] | None:
        execution: Mapping[str, Any] = client.describe_execution(executionArn=started["executionArn"])
        return None if execution["status"] == "RUNNING" else execution

    return wait_for("the state machine", ended)


def _map_runs(stage: Stage, execution: Mapping[str, Any]) -> list[dict[str, Any]]:
    client: Any = stage.emulator.client("stepfunctions")
    listed = client.list_map_runs(executionArn=execution["executionArn"])["mapRuns"]
    return [client.describe_map_run(mapRunArn=run["mapRunArn"]) for run in listed]


@contextmanager
def _function_with(stage: Stage, **settings: Any) -> Iterator[None]:
    """The function as it is configured meanwhile, and then as before."""
    client: Any = stage.emulator.client("lambda")
    name = stage.resources["ScoringFunction"]
    usual = client.get_function_configuration(FunctionName=name)
    client.update_function_configuration(FunctionName=name, **settings)
    try:
        yield
    finally:
        client.update_function_configuration(
            FunctionName=name, **{setting: usual[setting] for setting in settings}
        )


def _lines(stage: Stage, key: str) -> int:
    body: bytes = stage.emulator.client("s3").get_object(Bucket=stage.bucket, Key=key)["Body"].read()
    return body.count(b"\n")
