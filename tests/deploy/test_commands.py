"""`make deploy` and `make destroy` by the real SAM: after a failed one, twice in a row, nothing left."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from functions.local.deployment.__main__ import main
from functions.local.deployment.account import find_account
from functions.local.deployment.remains import find_remains
from functions.local.deployment.stack import find_stack
from functions.local.tools.sam import TEMPLATE
from tests.deploy.emulated import read_emulated, write_template
from tests.deploy.emulator import Emulator
from tests.deploy.test_releases import taken_name
from tests.support.steps import Steps

STAGE = "again"
KEY = re.compile(r"\blb_\w+")
Run = Callable[..., str]


@pytest.fixture
def run(emulator: Emulator, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs a command against the emulator: what it printed, SAM's words included."""

    def run(*arguments: str, code: int = 0) -> str:
        assert main([arguments[0], "--stage", STAGE, *arguments[1:]]) == code
        said = capfd.readouterr()
        return said.out + said.err

    return run


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> str:
    # Beside the bundles, whose paths in it begin there.
    return str(write_template(read_emulated(TEMPLATE), TEMPLATE.with_name("template-commands.json")))


def test_a_first_deployment_that_fails_says_what_to_do(run: Run, step: Steps) -> None:
    broken = write_template(taken_name(read_emulated(TEMPLATE)), TEMPLATE.with_name("template-broken.json"))
    with step("make deploy, which fails"):
        said = run("deploy", "--template", str(broken), code=1)
    assert "do the same again" in said
    assert not KEY.search(said)
    stack = find_stack(find_account(), f"lifeboat-{STAGE}")
    assert stack
    assert stack.status == "ROLLBACK_COMPLETE"


def test_the_next_one_deletes_what_it_left_and_makes_one_key(run: Run, template: str, step: Steps) -> None:
    with step("make deploy, after it"):
        said = run(
            "deploy", "--template", template, "--parameters", "PredictMemory=1152", "--tags", "team=crew"
        )
    assert f"Deleting   lifeboat-{STAGE}, which is ROLLBACK_COMPLETE" in said
    assert len(KEY.findall(said)) == 1
    assert re.search(r'curl -H "x-api-key: \$KEY" https://', said)


def test_the_same_again_changes_nothing_and_makes_no_key(
    run: Run, template: str, emulator: Emulator, step: Steps
) -> None:
    with step("make deploy, twice in a row"):
        said = run("deploy", "--template", template)
    assert not KEY.search(said)
    assert "there is one already" in said
    predict: Any = emulator.client("lambda").get_function_configuration(
        FunctionName=f"lifeboat-{STAGE}-predict"
    )
    # What was not named this time stays.
    assert predict["MemorySize"] == 1152


def test_destroy_leaves_nothing(run: Run, emulator: Emulator, step: Steps) -> None:
    bucket = f"lifeboat-{STAGE}-{find_account().id}-us-east-1"
    for body in (b"a", b"b"):
        emulator.client("s3").put_object(Bucket=bucket, Key="datasets/titanic/a.txt", Body=body)
    emulator.client("s3").delete_object(Bucket=bucket, Key="datasets/titanic/a.txt")
    assert "nobody can be asked here" in run("destroy", code=1)
    with step("make destroy"):
        said = run("destroy", "--yes")
    for words in (
        f"the stack lifeboat-{STAGE}",
        f"the bucket {bucket}",
        f"the parameter /lifeboat/{STAGE}/keys",
    ):
        assert words in said
    account = find_account()
    assert find_stack(account, f"lifeboat-{STAGE}") is None
    assert not find_remains(account, STAGE)
    assert bucket not in [item["Name"] for item in emulator.client("s3").list_buckets()["Buckets"]]
    assert f"There is nothing of stage {STAGE}" in run("destroy", "--yes")
