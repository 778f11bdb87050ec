"""Checks of commands that documents show, by the real parsers, models and files: none of them is run."""

import argparse
import ast
import importlib
import json
import os
import re
import shlex
import subprocess
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import zip_longest
from typing import Any

import botocore.session
import pytest
import yaml
from botocore import xform_name
from botocore.exceptions import UnknownServiceError

from tests.docs.reading import ROOT

SECONDS = 60
# How a recipe starts a program of the repository.
_STARTED = re.compile(r"python -m ((?:functions|training)[\w.]*)([^;|&\n]*)")
_AWS_ANYWHERE = {"query", "region", "endpoint-url", "output"}
# What the command line of AWS calls otherwise than the SDK.
_AWS_NAMES = {"s3api": "s3"}
# What it has of its own, beside the operations of the services.
_AWS_OWN = {"s3": {"cp", "ls", "rm", "sync"}, "sso": {"login"}}
_VARIABLE = re.compile(r"([A-Z_]+)=(.*)", re.DOTALL)
# Programs that hand the rest of their words to another one.
_HANDED_ON = {"models": ("training", ["models"]), "key": ("functions.authorize", [])}


class WrongCommand(AssertionError):
    """A document shows a command that would not do; the text says why."""


class _Parsed(Exception):
    """A program's arguments were taken."""


def check_command(command: str) -> None:
    """Raises `WrongCommand` where `command` is none that its program takes, or nothing here can tell."""
    words = shlex.split(command)
    with pytest.MonkeyPatch.context() as patch:
        while words and (variable := _VARIABLE.fullmatch(words[0])):
            patch.setenv(variable[1], variable[2])
            words.pop(0)
        program = words[0].removeprefix(".venv/bin/").removeprefix(".venv-sam/bin/") if words else "true"
        if program in _CHECKS:
            _CHECKS[program](words[1:])
        else:
            _check_python_statement(command)


def check_program(module: str, arguments: Sequence[str]) -> None:
    """Have the parser of `python -m module` take the arguments, without what comes after."""
    if module.startswith("tests."):
        if (
            not (ROOT / module.replace(".", "/")).exists()
            and not (ROOT / f"{module.replace('.', '/')}.py").exists()
        ):
            raise WrongCommand(f"there is no {module}")
        return
    main = _main(module)
    taken: list[argparse.Namespace] = []
    parse = argparse.ArgumentParser.parse_args

    def stop(self: argparse.ArgumentParser, *given: Any, **named: Any) -> None:
        taken.append(parse(self, *given, **named))
        raise _Parsed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(argparse.ArgumentParser, "parse_args", stop)
        try:
            main([*arguments])
        except _Parsed:
            pass
        except SystemExit as ended:
            if ended.code:
                raise WrongCommand(f"python -m {module} {shlex.join(arguments)} is refused") from ended
    if module == "functions.local" and taken and arguments[0] in _HANDED_ON:
        other, before = _HANDED_ON[arguments[0]]
        check_program(other, [*before, *taken[0].arguments])


def _main(module: str) -> Callable[[Sequence[str]], object]:
    try:
        found = importlib.import_module(f"{module}.__main__")
    except ModuleNotFoundError as error:
        if error.name not in {module, f"{module}.__main__"}:
            raise
        try:
            found = importlib.import_module(module)
        except ModuleNotFoundError:
            raise WrongCommand(f"there is no {module}") from error
    main: Callable[[Sequence[str]], object] = found.main
    return main


def _check_python(words: Sequence[str]) -> None:
    if not words or words[0] != "-m":
        raise WrongCommand(f"python {shlex.join(words)}: no module")
    check_program(words[1], words[2:])


def _check_make(words: Sequence[str]) -> None:
    words = [word for word in words if word not in {">", "churn.json"}]
    given = {match[1]: match[2] for word in words if (match := _VARIABLE.fullmatch(word))}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    made = subprocess.run(
        ["make", "--dry-run", *words],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    if made.returncode:
        raise WrongCommand(f"make {shlex.join(words)}: {made.stderr}")
    for name, value in given.items():
        if f"${name}" not in made.stdout and f"${{{name}}}" not in made.stdout and value not in made.stdout:
            raise WrongCommand(f"make {shlex.join(words)}: {name} changes nothing")
    for module, rest in _STARTED.findall(made.stdout.replace("\\\n", " ")):
        # A version to be named is a word, not what it would expand to.
        printed = subprocess.run(
            ["sh", "-c", f"printf '%s\\n' {rest}"],
            env=environment | given, capture_output=True, text=True, check=True, timeout=SECONDS,
        )  # fmt: skip
        check_program(module, printed.stdout.splitlines() if rest.strip() else [])


@cache
def _session() -> Any:
    return botocore.session.Session()


def _check_aws(words: Sequence[str]) -> None:
    service, command, *rest = words
    if command in _AWS_OWN.get(service, ()):
        return
    name = _AWS_NAMES.get(service, service)
    try:
        model = _session().get_service_model(name)
    except UnknownServiceError as error:
        raise WrongCommand(str(error)) from error
    if command == "wait":
        waiters = _session().get_waiter_model(name).waiter_names
        if rest[0] not in {xform_name(name, "-") for name in waiters}:
            raise WrongCommand(f"aws {service} wait {rest[0]}: no such waiter")
        return
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    if command not in operations:
        raise WrongCommand(f"aws {service} {command}: no such operation")
    shape = model.operation_model(operations[command]).input_shape
    members = {xform_name(name, "-") for name in shape.members} if shape else set()
    _check_aws_options(f"aws {service} {command}", rest, members)


def _check_aws_options(command: str, words: Sequence[str], known: set[str]) -> None:
    for option, value in zip_longest(words, words[1:], fillvalue=""):
        if option.startswith("--") and option[2:] not in known | _AWS_ANYWHERE:
            raise WrongCommand(f"{command}: no option {option}")
        if option.startswith("--") and value.startswith(("{", "[")):
            json.loads(value)
        if value.startswith("file://") and not (ROOT / value.removeprefix("file://")).exists():
            raise WrongCommand(f"{command}: there is no {value}")


def _check_sam(words: Sequence[str]) -> None:
    profiles = re.findall(r"^\[(\w+)\.deploy", (ROOT / "samconfig.toml").read_text(), re.MULTILINE)
    for option, value in zip_longest(words, words[1:], fillvalue=""):
        if option == "--config-env" and value not in profiles:
            raise WrongCommand(f"samconfig.toml has no profile {value}")
    if words[0] not in {"deploy", "build", "validate", "local"}:
        raise WrongCommand(f"sam {words[0]}: not known here")


def _check_curl(words: Sequence[str]) -> None:
    """Which route is asked, where it is one of the API: openapi.json has to have it, with that method."""
    body = any(word in {"-d", "--data-binary"} for word in words)
    method = words[words.index("-X") + 1] if "-X" in words else "POST" if body else "GET"
    routes: Mapping[str, Mapping[str, object]] = json.loads((ROOT / "openapi.json").read_text())["paths"]
    for word in words:
        if word.startswith("$API/"):
            path = word.removeprefix("$API").partition("?")[0]
            fitting = [item for route, item in routes.items() if _fits(path, route)]
            if not any(method.lower() in item for item in fitting):
                raise WrongCommand(f"there is no {method} {path}")


def _fits(path: str, route: str) -> bool:
    return re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(route)), path) is not None


def _check_mlflow(words: Sequence[str]) -> None:
    if words[0] == "models":
        return  # tests/mlflow runs it
    if words[0] != "run":
        raise WrongCommand(f"mlflow {words[0]}: not known here")
    project = yaml.safe_load((ROOT / words[1] / "MLproject").read_text())
    parameters: Mapping[str, object] = {}
    for option, value in zip_longest(words, words[1:], fillvalue=""):
        if option == "-e":
            parameters = project["entry_points"][value]["parameters"]
        if option == "-P" and value.partition("=")[0] not in parameters:
            raise WrongCommand(f"MLproject has no parameter {value}")
        if option == "--backend-config" and not (ROOT / value).exists():
            raise WrongCommand(f"there is no {value}")


def _check_docker(words: Sequence[str]) -> None:
    if words[0] == "run":
        image = words.index("lifeboat-training")
        check_command(shlex.join(words[image + 1 :]))
    elif words[0] != "compose" or not (ROOT / "compose.yaml").exists():
        raise WrongCommand(f"docker {words[0]}: not known here")


def _check_files(words: Sequence[str]) -> None:
    for word in words:
        path = word.rpartition("=")[2]
        if "/" in path and not (ROOT / path).exists():
            raise WrongCommand(f"there is no {path}")


def _check_uv(words: Sequence[str]) -> None:
    if [*words[:2]] not in (["pip", "install"], ["python", "install"]):
        raise WrongCommand(f"uv {shlex.join(words[:2])}: not known here")


def _check_python_statement(line: str) -> None:
    try:
        ast.parse(line)
    except SyntaxError as error:
        raise WrongCommand(f"{line}: neither a command that is known here nor Python") from error


def _check_nothing(_words: Sequence[str]) -> None:
    """Variables alone: they are for the next command."""


_CHECKS: Mapping[str, Callable[[Sequence[str]], None]] = {
    "aws": _check_aws,
    "curl": _check_curl,
    "docker": _check_docker,
    "make": _check_make,
    "mlflow": _check_mlflow,
    "prometheus": _check_files,
    "promtool": _check_files,
    "python": _check_python,
    "sam": _check_sam,
    "true": _check_nothing,
    "uv": _check_uv,
}
