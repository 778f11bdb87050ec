"""The SDK's descriptions of the services, read once a process: each session reads and parses them anew, which
is five sixths of what a client costs, and most tests of a bucket make three."""

from functools import cache
from typing import Any

from botocore.loaders import JSONFileLoader, Loader

_read = JSONFileLoader.load_file
_list = Loader.list_available_services


def install() -> None:
    """Have all sessions share what one of them has read, from now on. They look it up and change nothing."""
    for owner, name, shared in (
        (JSONFileLoader, "load_file", _read_shared),
        (Loader, "list_available_services", _list_shared),
    ):
        setattr(owner, name, shared)


@cache
def _read_once(path: str) -> Any:
    return _read(JSONFileLoader(), path)


@cache
def _list_once(search_paths: tuple[str, ...], type_name: str) -> list[str]:
    services: list[str] = _list(Loader([*search_paths], include_default_search_paths=False), type_name)
    return services


def _read_shared(_self: JSONFileLoader, file_path: str) -> Any:
    return _read_once(file_path)


def _list_shared(self: Loader, type_name: str) -> list[str]:
    return _list_once(tuple(self.search_paths), type_name)
