"""The SDK's descriptions of AWS, read once a process: each client of a session of its own reads them again,
which is two thirds of the tenth of a second that it takes to make one."""

from pathlib import Path
from typing import Any

import botocore
from botocore.loaders import JSONFileLoader

_SHIPPED = str(Path(botocore.__file__).parent)
_ORIGINAL = JSONFileLoader.load_file
_known: dict[str, Any] = {}


def install() -> None:
    """Have sessions share the descriptions that are shipped with the SDK from now on."""
    JSONFileLoader.load_file = _load_once  # type: ignore[method-assign]


def _load_once(loader: JSONFileLoader, file_path: str) -> Any:
    if not file_path.startswith(_SHIPPED):
        return _ORIGINAL(loader, file_path)
    if file_path not in _known:
        _known[file_path] = _ORIGINAL(loader, file_path)
    return _known[file_path]
