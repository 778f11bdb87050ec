"""What a cold start waits for."""

import json
import subprocess
import sys

IMPORTED = """
import json, sys
import functions.predict.handler, functions.predict.service, functions.core.storage.s3_reader
modules = {name: module for name, module in sys.modules.items() if name.startswith("functions.")}
made = {
    member.__qualname__
    for name, module in modules.items()
    for member in vars(module).values()
    if isinstance(member, type) and member.__module__ == name and "__dataclass_fields__" in vars(member)
}
print(json.dumps([sorted(made), sorted(sys.modules)]))
"""


def test_neither_the_framework_nor_the_sdk_nor_many_dataclasses_are_waited_for() -> None:
    found = subprocess.run(
        [sys.executable, "-c", IMPORTED], capture_output=True, text=True, check=True, timeout=60
    )
    dataclasses, modules = json.loads(found.stdout)
    assert {"fastapi", "mangum", "pydantic", "boto3", "botocore", "csv"} & {*modules} == set()
    # To make a frozen dataclass takes four times as long as to make a named tuple.
    assert dataclasses == ["PredictSettings", "Schema", "Settings", "StoreSettings"]
