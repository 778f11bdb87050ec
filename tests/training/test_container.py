"""What starts trainings elsewhere: the MLprojects, and the job of Kubernetes."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from training.__main__ import _parser

ROOT = Path(__file__).parents[2]
CONTAINER = ROOT / "training" / "container"
PROJECTS = [ROOT / "MLproject", CONTAINER / "MLproject"]
# The oldest that has not reached its end of life long ago, and the newest whose schemas there are.
KUBERNETES = ["1.30", "1.33", "1.37"]


def project(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(path.read_text())
    return read


def template() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((CONTAINER / "kubernetes_job_template.yaml").read_text())
    return read


@pytest.mark.parametrize("path", PROJECTS, ids=["environment", "container"])
@pytest.mark.parametrize("entry", ["train", "evaluate", "score"])
def test_the_command_of_an_entry_point_is_one_that_there_is(path: Path, entry: str) -> None:
    point = project(path)["entry_points"][entry]
    parameters = point["parameters"]
    given = {name: str(what.get("default", f"{name}.csv")) for name, what in parameters.items()}
    # All that a command names it has, and all that it has it names.
    assert {*re.findall(r"{(\w+)}", point["command"])} == {*parameters}
    words = shlex.split(point["command"].format(**given))
    assert words[:3] == ["python", "-m", "training"]
    read = vars(_parser(words[3]).parse_args(words[3:]))
    # A default of the project is that of the command line.
    needed = ["a.csv", "b.csv"] if entry == "score" else []
    defaults = vars(_parser(words[3]).parse_args([words[3], *needed]))
    ours = {"dataset", "model", "store", "sources", "target"}
    assert {name: read[name] for name in read if name not in ours} == {
        name: defaults[name] for name in defaults if name not in ours
    }


def test_both_projects_have_the_same_entry_points_but_for_where_things_are() -> None:
    here, there = (project(path)["entry_points"] for path in PROJECTS)
    assert {name: point["command"] for name, point in here.items()} == {
        name: point["command"] for name, point in there.items()
    }
    assert {name: {*point["parameters"]} for name, point in here.items()} == {
        name: {*point["parameters"]} for name, point in there.items()
    }


def test_the_environment_is_the_locked_one() -> None:
    environment = yaml.safe_load((ROOT / project(PROJECTS[0])["python_env"]).read_text())
    assert environment["dependencies"] == ["--require-hashes", "-r training/requirements.txt"]
    lock = (ROOT / "training" / "requirements.txt").read_text()
    pinned = re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE)
    assert {"scikit-learn", "skl2onnx", "onnxruntime", "pyarrow", "distributed", "lightgbm"} <= {*pinned}
    assert lock.count("--hash=sha256:") >= len(pinned)


@pytest.mark.parametrize("version", KUBERNETES)
def test_the_job_is_one_that_kubernetes_takes(version: str) -> None:
    job = template()
    # What MLflow puts in, as in mlflow/projects/kubernetes.py.
    container = job["spec"]["template"]["spec"]["containers"][0]
    job["metadata"]["name"] = "lifeboat-2026-11-28-02-00-00-000000"
    container |= {"name": "lifeboat", "image": "registry.example.org/lifeboat@sha256:" + "a" * 64}
    container |= {"command": ["python", "-m", "training", "train"], "env": [{"name": "A", "value": "b"}]}
    assert kubernetes_validate.validate(job, version, strict=True) == version


def test_a_job_that_is_none_is_noticed() -> None:
    job = template()
    job["spec"]["template"]["spec"]["containers"][0]["resource"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(job, KUBERNETES[-1], strict=True)


def test_the_job_is_confined() -> None:
    pod = template()["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["automountServiceAccountToken"] is False
    user = re.search(r"^USER (\d+):(\d+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert user
    assert pod["securityContext"]["runAsUser"] == int(user[1])
    [container] = pod["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/tmp", "/data"}  # noqa: S108


def test_the_backend_finds_the_template() -> None:
    config = json.loads((CONTAINER / "kubernetes_config.json").read_text())
    assert (ROOT / config["kube-job-template-path"]).is_file()
    assert config["repository-uri"].startswith("registry.example.org/")
