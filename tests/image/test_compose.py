"""The composed platform: up with one command, asked for a prediction, watched, and down without a trace."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from functions.local.listening import listen, port_of
from tests.image.base import provide_base
from tests.support.engine import Engine

ROOT = Path(__file__).parents[2]
COMPOSED: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
PROJECT = "lifeboat-test"
PLATFORM, STAND_IN = "lifeboat-platform:test", "lifeboat-prometheus:test"
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
        if name != "lifeboat":
            assert any("127.0.0.1" in word for word in service["command"])
    assert {*COMPOSED["services"]} == {"lifeboat", "prometheus", "mlflow"}


@pytest.fixture
def ports() -> list[int]:
    """Free ones, for the API and for Prometheus: those of the file may be taken by somebody."""
    with ExitStack() as stack:
        return [port_of(stack.enter_context(listen(0))) for _ in range(2)]


@pytest.fixture
def compose(engine: Engine, tmp_path: Path, ports: list[int]) -> Iterator[Compose]:
    """Runs a command of compose; at the end, all that was started is taken away."""
    command = _compose_of(engine)
    files = ["--file", str(ROOT / "compose.yaml"), "--file", str(_elsewhere(tmp_path, *ports))]
    base = provide_base(engine)
    dockerfile = str(ROOT / "functions" / "local" / "container" / "Dockerfile")
    _build(engine, ["--file", dockerfile, "--tag", PLATFORM, str(ROOT)], base)
    environment = engine.environment() | {
        "LIFEBOAT_IMAGE": PLATFORM,
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
    api, prometheus = (f"http://127.0.0.1:{port}" for port in ports)
    # MLflow's image is half a gigabyte, from a registry that may not be reached: it is not tried here.
    compose("up", "--detach", "lifeboat", "prometheus")
    log = _wait(lambda: _if_has("Serving until Ctrl-C", compose("logs", "lifeboat")))
    [key] = {*re.findall(r"x-api-key: (lb_[^']+)'", log)}
    with httpx.Client(trust_env=False, timeout=30, headers={"x-api-key": key}) as client:
        answer = client.post(f"{api}/predict", json={"pclass": 1, "sex": "female"}).json()
        assert answer["survived"] is True
        assert "lifeboat_model_info{" in client.get(f"{api}/metrics").text

        def scraped() -> Any:
            query = {"query": 'lifeboat_requests_total{function="PredictFunction",status="200"}'}
            return client.get(f"{prometheus}/api/v1/query", params=query).json()["data"]["result"]

        assert float(_wait(scraped)[0]["value"][1]) >= 1
        # What was kept is there after a new start: the same version, trained once.
        version = answer["model"]["version"]
        compose("restart", "lifeboat")
        _wait(lambda: _if_has("is in service already", compose("logs", "lifeboat")))
    assert version in compose("logs", "lifeboat")
    label = f"label=com.docker.compose.project={PROJECT}"
    [container] = engine.docker(
        "ps", "--quiet", "--filter", label, "--filter", "ancestor=" + PLATFORM
    ).split()
    assert engine.docker("inspect", container, "--format", "{{.Config.User}}") == "10001:10001"
    compose("down", "--volumes")
    assert engine.docker("ps", "--all", "--quiet", "--filter", label) == ""
    assert engine.docker("volume", "ls", "--quiet", "--filter", f"name={PROJECT}") == ""


def _elsewhere(folder: Path, api: int, prometheus: int) -> Path:
    """A file that puts the API and Prometheus at other ports."""
    services = COMPOSED["services"]
    monitoring = ROOT / "functions" / "local" / "monitoring"
    settings = (monitoring / "prometheus.yml").read_text().replace("127.0.0.1:8000", f"127.0.0.1:{api}")
    (folder / "prometheus.yml").write_text(settings)
    (folder / "rules.yml").write_text((monitoring / "rules.yml").read_text())
    folder.chmod(0o755)
    command = [*services["prometheus"]["command"][:-1], f"--web.listen-address=127.0.0.1:{prometheus}"]
    run = ["python", "-m", "functions.local", "run", "--folder", "/data/lifeboat", "--store-port", "0"]
    changed = {
        "services": {
            "lifeboat": {"command": [*run, "--port", str(api)]},
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
