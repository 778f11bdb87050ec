"""The permissions that calls of the store and of parameters take, noted while they are made."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.session import Session

from functions.core.storage.s3_reader import S3Reader
from functions.local.platform.template import ACCOUNT
from tests.stories.iam import Need


class Recorder:
    """What was needed so far, by calls made within `recording`."""

    def __init__(self) -> None:
        self.needs: set[Need] = set()
        self._on = False

    def watch_clients(self, patch: pytest.MonkeyPatch) -> None:
        """Watch all clients that are made from now on; boto3 has botocore make its own."""
        make = Session.create_client

        def watched(session: Any, *arguments: Any, **options: Any) -> Any:
            client = make(session, *arguments, **options)
            client.meta.events.register("before-parameter-build", self._asked)
            client.meta.events.register("after-call", self._answered)
            return client

        patch.setattr(Session, "create_client", watched)
        # Predict reads objects without the SDK.
        request = S3Reader._request

        def watched_request(reader: S3Reader, key: str, headers: dict[str, str]) -> tuple[int, str, bytes]:
            answer = request(reader, key, headers)
            self._note("GetObject", {"Bucket": reader.target.path.strip("/"), "Key": key}, answer[0])
            return answer

        patch.setattr(S3Reader, "_request", watched_request)

    @contextmanager
    def recording(self) -> Iterator[None]:
        self._on = True
        try:
            yield
        finally:
            self._on = False

    def _asked(self, params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context["asked"] = dict(params)

    def _answered(self, http_response: Any, model: Any, context: dict[str, Any], **_: Any) -> None:
        self._note(model.name, context["asked"], http_response.status_code)

    def _note(self, operation: str, asked: dict[str, Any], status: int) -> None:
        if self._on:
            self.needs.update(needed(operation, asked, status))


def needed(operation: str, asked: dict[str, Any], status: int) -> Iterator[Need]:
    """What a call takes, by the permissions sections of the S3 and SSM API references."""
    if operation in {"GetParameter", "GetParameterHistory", "PutParameter"}:
        name = asked["Name"].removeprefix("/")
        yield Need(f"ssm:{operation}", f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/{name}")
        return
    bucket = f"arn:aws:s3:::{asked['Bucket']}"
    if operation == "ListObjectsV2":
        yield Need("s3:ListBucket", bucket, asked["Prefix"])
        return
    key = asked["Key"]
    reading = "s3:GetObjectVersion" if "VersionId" in asked else "s3:GetObject"
    action = {
        "GetObject": reading,
        "HeadObject": reading,
        "PutObject": "s3:PutObject",
        "DeleteObject": "s3:DeleteObject",
        "CreateMultipartUpload": "s3:PutObject",
        "UploadPart": "s3:PutObject",
        "CompleteMultipartUpload": "s3:PutObject",
        "AbortMultipartUpload": "s3:AbortMultipartUpload",
    }[operation]
    yield Need(action, f"{bucket}/{key}")
    if "IfMatch" in asked:
        # Who compares with what is there has to be allowed to read it.
        yield Need("s3:GetObject", f"{bucket}/{key}")
    if status == 404:
        # Who may not list is answered 403 in place of 404.
        yield Need("s3:ListBucket", bucket, key)
