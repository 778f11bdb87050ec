"""The composed platform: up with one command, asked for a prediction, watched, and down without a trace."""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from functions.local.process.listening import listen, port_of
from tests.image.base import provide_base
from tests.support.engine import Engine

ROOT = Path(__file__).parents[2]
COMPOSED: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
PROJECT = "lifeboat-test"
PLATFORM, MLFLOW, STAND_IN = "lifeboat-platform:test", "lifeboat-mlflow:test", "lifeboat-prometheus:test"
CONTAINERS = ROOT / "functions" / "local" / "container"
REST_SECONDS = "15"
SECONDS = 240.0

Compose = Callable[..., str]


def test_nothing_of_it_listens_to_the_network_and_no_part_may_more_than_it_needs() -> None:
    for name, service in COMPOSED["services"].items():
        # On the machine's loopback, where each of them binds to 127.0.0.1 by itself.
        assert service["network_mode"] == "host"
        assert "ports" not in service
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert not any("SECRET" in key or "KEY" in key for key in service.get("environment", {}))
        if name == "prometheus":
            assert any("127.0.0.1" in word for word in service["command"])
    assert {*COMPOSED["services"]} == {"lifeboat", "prometheus", "mlflow"}
    # What rests listens for MLflow on the loopback by itself (tests/local/process/test_resting_server.py).
    assert "127.0.0.1" in _command_of_mlflow()


@pytest.fixture
def ports() -> list[int]:
    """Free ones, for the API, Prometheus and MLflow: those of the file may be taken by somebody."""
    with ExitStack() as stack:
        return [port_of(stack.enter_context(listen(0))) for _ in range(3)]


@pytest.fixture
def compose(engine: Engine, tmp_path: Path, ports: list[int]) -> Iterator[Compose]:
    """Runs a command of compose; at the end, all that was started is taken away."""
    command = _compose_of(engine)
    files = ["--file", str(ROOT / "compose.yaml"), "--file", str(_elsewhere(tmp_path, *ports))]
    base = provide_base(engine)
    for name, dockerfile in ((PLATFORM, "Dockerfile"), (MLFLOW, "mlflow.Dockerfile")):
        _build(engine, ["--file", str(CONTAINERS / dockerfile), "--tag", name, str(ROOT)], base)
    environment = engine.environment() | {
        "LIFEBOAT_IMAGE": PLATFORM,
        "MLFLOW_IMAGE": MLFLOW,
        "PROMETHEUS_IMAGE": _prometheus(engine, base),
        "BASE": base,
    }

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [*command, *files, "--project-directory", str(ROOT), "--project-name", PROJECT, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    try:
        yield run
    finally:
        run("down", "--volumes")


def test_it_comes_up_answers_is_watched_and_goes_without_a_trace(
    compose: Compose, engine: Engine, ports: list[int]
) -> None:
    api, prometheus, mlflow = (f"http://127.0.0.1:{port}" for port in ports)
    compose("up", "--detach")
    log = _wait(lambda: _if_has("Serving until Ctrl-C", compose("logs", "lifeboat")))
    [key] = {*re.findall(r"x-api-key: (lb_[^']+)'", log)}
    with httpx.Client(trust_env=False, timeout=30, headers={"x-api-key": key}) as client:
        answer = client.post(f"{api}/predict", json={"pclass": 1, "sex": "female"}).json()
        assert answer["survived"] is True
        # What is in service is read again every ten seconds, and Prometheus may have asked before.
        _wait(lambda: "lifeboat_model_info{" in client.get(f"{api}/metrics").text)

        def scraped() -> Any:
            query = {"query": 'lifeboat_requests_total{function="PredictFunction",status="200"}'}
            return client.get(f"{prometheus}/api/v1/query", params=query).json()["data"]["result"]

        assert float(_wait(scraped)[0]["value"][1]) >= 1
        # A version was made, which woke MLflow to be shown there. Alone it rests, and wakes with all it had.
        version = answer["model"]["version"]
        _wait(lambda: version in _shown_in(mlflow))
        for rests in (1, 2):
            _wait(partial(_has_rested, compose, rests))
            assert _processes(engine, MLFLOW, "mlflow server") == 0
            assert version in _shown_in(mlflow)
            assert _processes(engine, MLFLOW, "mlflow server") > 0
        # What was kept is there after a new start: the same version, trained once.
        compose("restart", "lifeboat")
        _wait(lambda: _if_has("is in service already", compose("logs", "lifeboat")))
    assert version in compose("logs", "lifeboat")
    label = f"label=com.docker.compose.project={PROJECT}"
    for image in (PLATFORM, MLFLOW):
        size = int(engine.docker("image", "inspect", image, "--format", "{{.Size}}")) / 2**20
        print(f"{image:<24} {size:,.0f} MiB")
        container = _container_of(engine, image)
        assert engine.docker("inspect", container, "--format", "{{.Config.User}}") == "10001:10001"
    compose("down", "--volumes")
    assert engine.docker("ps", "--all", "--quiet", "--filter", label) == ""
    assert engine.docker("volume", "ls", "--quiet", "--filter", f"name={PROJECT}") == ""


def _has_rested(compose: Compose, times: int) -> bool:
    return compose("logs", "mlflow").count("rests: nobody has used it") >= times


def _shown_in(mlflow: str) -> set[str]:
    """The versions that MLflow has registered."""
    answer = httpx.get(
        f"{mlflow}/api/2.0/mlflow/model-versions/search", params={"filter": "name='titanic'"},
        timeout=SECONDS, trust_env=False,
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    found = answer.json().get("model_versions", [])
    return {tag["value"] for entry in found for tag in entry["tags"] if tag["key"] == "lifeboat.version"}


def _container_of(engine: Engine, image: str) -> str:
    label = f"label=com.docker.compose.project={PROJECT}"
    [container] = engine.docker("ps", "--quiet", "--filter", label, "--filter", f"ancestor={image}").split()
    return container


def _processes(engine: Engine, image: str, command: str) -> int:
    """How many processes of a container have this in their command, but for who starts it."""
    listed = engine.docker("top", _container_of(engine, image), "-eo", "pid,args").splitlines()
    return sum(command in line and "resting_server" not in line for line in listed)


def _command_of_mlflow() -> list[str]:
    """What the image of MLflow starts."""
    written = (CONTAINERS / "mlflow.Dockerfile").read_text().replace("\\\n", "")
    [command] = re.findall(r"^CMD (\[.*\])$", written, re.MULTILINE)
    words: list[str] = json.loads(command)
    return words


def _elsewhere(folder: Path, api: int, prometheus: int, mlflow: int) -> Path:
    """A file that puts all of them at other ports, and has MLflow rest sooner."""
    services = COMPOSED["services"]
    monitoring = ROOT / "functions" / "local" / "monitoring"
    settings = (monitoring / "prometheus.yml").read_text().replace("127.0.0.1:8000", f"127.0.0.1:{api}")
    (folder / "prometheus.yml").write_text(settings)
    (folder / "rules.yml").write_text((monitoring / "rules.yml").read_text())
    folder.chmod(0o755)
    command = [*services["prometheus"]["command"][:-1], f"--web.listen-address=127.0.0.1:{prometheus}"]
    run = ["python", "-m", "functions.local", "run", "--folder", "/data/lifeboat", "--store-port", "0"]
    other = {"5000": str(mlflow), "1800": REST_SECONDS}
    tracking = {"LIFEBOAT_TRACKING_URI": f"http://127.0.0.1:{mlflow}"}
    changed = {
        "services": {
            "lifeboat": {"command": [*run, "--port", str(api)], "environment": tracking},
            "mlflow": {"command": [other.get(word, word) for word in _command_of_mlflow()]},
            "prometheus": {"command": command, "volumes": [f"{folder}:/etc/lifeboat:ro"]},
        },
    }
    path = folder / "elsewhere.yaml"
    path.write_text(yaml.safe_dump(changed))
    return path


def _compose_of(engine: Engine) -> list[str]:
    for command in (["docker", "compose"], ["docker-compose"]):
        found = shutil.which(command[0])
        if (
            found
            and not subprocess.run(
                [*command, "version"], env=engine.environment(), capture_output=True, timeout=60, check=False
            ).returncode
        ):
            return command
    pytest.skip("there is no docker compose here; Debian has it in docker-compose")


def _prometheus(engine: Engine, base: str) -> str:
    """The image that the file names, if the engine has it, or one made of this machine's prometheus."""
    named = re.search(r"(docker\.io/prom/prometheus:[\w.]+)", str(COMPOSED))
    assert named
    if engine.docker("image", "ls", "--quiet", named[1]):
        return named[1]
    binary = shutil.which("prometheus")
    if not binary:
        pytest.skip("neither Prometheus' image nor a prometheus of this machine is here")
    folder = ROOT / "build" / "prometheus"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(binary, folder / "prometheus")
    (folder / "Dockerfile").write_text(
        "ARG BASE\nFROM ${BASE}\nCOPY prometheus /bin/prometheus\nRUN mkdir -m 1777 /prometheus\n"
        'USER 65534\nENTRYPOINT ["/bin/prometheus"]\n'
    )
    _build(engine, ["--tag", STAND_IN, str(folder)], base)
    shutil.rmtree(folder)
    return STAND_IN


def _build(engine: Engine, arguments: list[str], base: str) -> None:
    done = subprocess.run(
        ["docker", "build", "--network", "none", "--build-arg", f"BASE={base}", *arguments],
        env={**os.environ, **engine.environment(), "DOCKER_BUILDKIT": "0"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-3_000:]


def _if_has(text: str, log: str) -> str | None:
    return log if text in log else None


def _wait(look: Callable[[], Any]) -> Any:
    """What `look` finds, once it finds something."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(1)
    raise AssertionError("it did not come about in time")
