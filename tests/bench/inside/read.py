"""Reads objects from S3 in a new process, by one of the ways there are.

Arguments: the bundle, a folder with other packages, the way, the bucket, the keys. Prints the moments at
which numpy, onnxruntime and the handler were imported, and at which the objects were read (see cold.py), and
the seconds of the processor in between.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

Read = Callable[[str], tuple[bytes, str]]


def by_project(bucket: str) -> Read:
    from functions.core.storage.s3_reader import S3Reader
    from functions.core.storage.s3_target import Target

    secure, host = _endpoint()
    region, key, secret = _asker()
    reader = S3Reader(Target(host, secure, f"/{bucket}/", region, key, secret, "", is_amazons=False))

    def read(name: str) -> tuple[bytes, str]:
        blob = reader.get(name)
        return blob.body, blob.etag

    return read


def by_signer(bucket: str) -> Read:
    """By botocore's signer, and the standard library's HTTP."""
    import http.client

    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    secure, host = _endpoint()
    region, key, secret = _asker()
    signer = S3SigV4Auth(Credentials(key, secret), "s3", region)
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(host, timeout=3)

    def read(name: str) -> tuple[bytes, str]:
        request = AWSRequest("GET", f"{os.environ['AWS_ENDPOINT_URL']}/{bucket}/{name}")
        signer.add_auth(request)
        connection.request("GET", f"/{bucket}/{name}", headers=dict(request.headers.items()))
        answer = connection.getresponse()
        return answer.read(), answer.headers["etag"]

    return read


def by_obstore(bucket: str) -> Read:
    store = import_module("obstore.store")
    region, key, secret = _asker()
    s3 = store.S3Store(
        bucket,
        endpoint=os.environ["AWS_ENDPOINT_URL"],
        region=region,
        access_key_id=key,
        secret_access_key=secret,
        virtual_hosted_style_request=False,
        client_options={"allow_http": True, "timeout": "3s"},
    )

    def read(name: str) -> tuple[bytes, str]:
        found: Any = s3.get(name)
        return bytes(found.bytes()), found.meta["e_tag"]

    return read


def by_sdk(bucket: str) -> Read:
    from functions.core.storage.s3 import S3Store

    store = S3Store(bucket)

    def read(name: str) -> tuple[bytes, str]:
        blob = store.get(name)
        return blob.body, blob.etag

    return read


WAYS = {"project": by_project, "signer": by_signer, "obstore": by_obstore, "sdk": by_sdk}


def _endpoint() -> tuple[bool, str]:
    """Whether it is secure, and its host with the port."""
    scheme, _, host = os.environ["AWS_ENDPOINT_URL"].partition("://")
    return scheme == "https", host


def _asker() -> tuple[str, str, str]:
    """The region, and the two halves of the key."""
    settings = os.environ
    return settings["AWS_DEFAULT_REGION"], settings["AWS_ACCESS_KEY_ID"], settings["AWS_SECRET_ACCESS_KEY"]


def main() -> None:
    bundle, packages, way, bucket, *keys = sys.argv[1:]
    sys.path[:0] = [bundle, packages]
    # What a cold start imports in any case costs no way anything.
    for name in ("numpy", "onnxruntime", "functions.predict.handler"):
        import_module(name)
    imported, used = time.monotonic(), time.process_time()
    read = WAYS[way](bucket)
    found = [read(key) for key in keys]
    done, busy = time.monotonic(), time.process_time() - used
    if not all(body and etag for body, etag in found):
        raise SystemExit(f"{way} read nothing of one of {keys}")
    print(json.dumps({"imported": imported, "read": done, "processor": busy}))


main()
