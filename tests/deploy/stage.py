"""A deployed stage of Lifeboat, as those see it who upload, ask its API and look after it."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from functions.core.identity.key_list import add
from functions.core.identity.keys import make_key
from functions.core.storage.parameter_opening import open_parameter
from functions.local.platform.http_events import Router
from functions.local.platform.template import read_template
from tests.deploy.api_routes import make_routes
from tests.deploy.emulated import Template, write_template
from tests.deploy.emulator import Emulator
from tests.deploy.sam_deploy import deploy, translate
from tests.support.declared import TEMPLATE

ROUTES = read_template(TEMPLATE).routes
_ROUTER = Router(ROUTES)
# A retrain takes ten seconds on a machine that does nothing else, and minutes where many share it.
WAIT_SECONDS = 300.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was answered, by the route that takes it in template.yaml."""

    route: str
    path: str
    status: int


@dataclass
class Stage:
    """One stage. `asked` is every request so far; `key` is an administrator's once it was made.

    packaged: the template that SAM handed to CloudFormation, with the bundles where SAM has put them.
    translated: the same after SAM's transform.
    """

    emulator: Emulator
    name: str
    outputs: dict[str, str] = field(default_factory=dict)
    resources: dict[str, str] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    key: str = ""
    translated: Template = field(default_factory=dict)
    packaged: Path = Path()
    _client: httpx.Client | None = None

    @property
    def stack(self) -> str:
        return f"lifeboat-{self.name}"

    @property
    def bucket(self) -> str:
        return self.outputs["BucketName"]

    def deploy(self, template: Template, folder: Path, **parameters: str) -> str:
        """Have SAM deploy a template, then make the API's routes. Returns what SAM printed."""
        path = write_template(template, folder / f"{self.name}.json")
        values = {"Stage": self.name, **parameters}
        printed = deploy(path, self.stack, values)
        self.look()
        self.packaged = self._write_packaged(folder)
        self.translated = translate(self.packaged, values)
        make_routes(self.emulator, self.translated, self.resources)
        return printed

    def _write_packaged(self, folder: Path) -> Path:
        """What SAM handed to CloudFormation: the template with the addresses of the bundles."""
        path = folder / f"{self.name}-packaged.yaml"
        path.write_text(
            self.emulator.client("cloudformation").get_template(
                StackName=self.stack, TemplateStage="Original"
            )["TemplateBody"]
        )
        return path

    def apply(self, template: Template) -> str:
        """Have CloudFormation make the stack as a translated template says. Returns the status it ends with.

        Without SAM, whose zipping and waiting takes longer than all else, for what is tried many times.
        """
        client: Any = self.emulator.client("cloudformation")
        values = {
            "StackName": self.stack,
            "TemplateURL": self._upload(template),
            "Parameters": [{"ParameterKey": "Stage", "ParameterValue": self.name}],
            "Capabilities": ["CAPABILITY_IAM"],
        }
        (client.update_stack if self._status() else client.create_stack)(**values)
        status = wait_for("the stack", self._settled)
        if status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            self.look()
            make_routes(self.emulator, template, self.resources)
        return status

    def delete(self) -> None:
        """Have CloudFormation delete the stack. Unlike SAM, it leaves the bundles."""
        client: Any = self.emulator.client("cloudformation")
        client.delete_stack(StackName=self.stack)
        wait_for("the end of the stack", lambda: self._status() in {None, "DELETE_COMPLETE"})

    def _upload(self, template: Template) -> str:
        """Where CloudFormation finds a template: beside the bundles, as it is too large to be sent."""
        bucket = self.bucket_of_bundles()
        body = json.dumps(template).encode()
        self.emulator.client("s3").put_object(Bucket=bucket, Key=f"{self.stack}.json", Body=body)
        return f"{self.emulator.endpoint}/{bucket}/{self.stack}.json"

    def bucket_of_bundles(self) -> str:
        """The one that SAM has made in this account."""
        buckets = self.emulator.client("s3").list_buckets()["Buckets"]
        return next(str(bucket["Name"]) for bucket in buckets if "sam-cli" in bucket["Name"])

    def _settled(self) -> str | None:
        status = self._status()
        return None if status is None or status.endswith("IN_PROGRESS") else status

    def _status(self) -> str | None:
        """None when there is no such stack."""
        client: Any = self.emulator.client("cloudformation")
        stacks = client.get_paginator("describe_stacks").paginate().build_full_result()["Stacks"]
        return next((stack["StackStatus"] for stack in stacks if stack["StackName"] == self.stack), None)

    def look(self) -> None:
        """See what the stack is made of now."""
        cloud: Any = self.emulator.client("cloudformation")
        [stack] = cloud.describe_stacks(StackName=self.stack)["Stacks"]
        self.outputs = {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])}
        listed = cloud.get_paginator("list_stack_resources").paginate(StackName=self.stack)
        self.resources = {
            item["LogicalResourceId"]: item["PhysicalResourceId"]
            for item in listed.build_full_result()["StackResourceSummaries"]
        }
        self.close()
        api = str(urlsplit(self.outputs["ApiUrl"]).hostname).partition(".")[0]
        self._client = self.emulator.http(api)

    def close(self) -> None:
        """Let go of the connections to the API."""
        if self._client:
            self._client.close()

    def make_key(self, *scopes: str) -> str:
        """A key, made as `make key STAGE=...` makes it."""
        now = datetime.now(UTC)
        text, key = make_key(scopes, "test-deploy", now)
        add(open_parameter(f"ssm:/lifeboat/{self.name}/keys"), key, now)
        return text

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        status: int = 200,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Ask the API, by default with the administrator's key, and see that it answers with `status`.

        body: bytes or text as they are, all else as JSON. key: another; empty for none.
        """
        assert self._client, "not deployed"
        shown = self.key if key is None else key
        content = body if isinstance(body, bytes | str | None) else json.dumps(body)
        sent = {
            **({} if content is None else {"content-type": "application/json"}),
            **({"x-api-key": shown} if shown else {}),
            **(headers or {}),
        }
        answer = self._client.request(method, path, content=content, headers=sent)
        assert "apigw-requestid" in answer.headers, (
            f"{method} {path} was answered by something else than the API"
        )
        match = _ROUTER.match(method, urlsplit(path).path)
        assert match
        self.asked.append(Asked(match.route.key, path, answer.status_code))
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer

    # ---- The store

    def put(self, key: str, body: bytes, **metadata: str) -> None:
        self.emulator.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body, Metadata=metadata)

    def keys(self, prefix: str) -> list[str]:
        pages = self.emulator.client("s3").get_paginator("list_objects_v2")
        found = pages.paginate(Bucket=self.bucket, Prefix=prefix).build_full_result()
        return [item["Key"] for item in found.get("Contents", [])]

    def champion(self, model: str) -> str | None:
        """The version in service; None when there is none."""
        if f"registry/{model}/champion.json" not in self.keys(f"registry/{model}/"):
            return None
        key = f"registry/{model}/champion.json"
        body = self.emulator.client("s3").get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return str(json.loads(body)["version"])

    def versions(self, model: str) -> list[str]:
        """Those that were published."""
        return [key.split("/")[2] for key in self.keys(f"models/{model}/") if key.endswith("manifest.json")]

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        """A function's answer, asked past the API. Raises `AssertionError` when it failed."""
        answer = self.emulator.client("lambda").invoke(
            FunctionName=self.resources[function], Payload=json.dumps(event)
        )
        payload = json.loads(answer["Payload"].read() or b"null")
        assert "FunctionError" not in answer, payload
        return payload


def wait_for(what: str, look: Callable[[], T | None], seconds: float = WAIT_SECONDS) -> T:
    """What `look` comes back with, once that is something. Raises `AssertionError` when it takes too long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if seen := look():
            return seen
        time.sleep(0.3)
    raise AssertionError(f"{what}: nothing within {seconds:.0f} seconds")
