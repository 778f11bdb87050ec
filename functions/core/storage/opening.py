"""What stands at an address: a store in S3 or in a folder, a parameter in SSM or in a file."""

import os

from functions.core.storage.contract import Reader, Store
from functions.core.storage.parameter import Parameter


def open_reader(address: str) -> Reader:
    """The store at `address`, to be read only: without the SDK where that can be."""
    if address.startswith("s3://"):
        from functions.core.storage.s3_reader import S3Reader

        if reader := S3Reader.from_environment(_bucket(address), os.environ):
            return reader
    return open_store(address)


def open_store(address: str) -> Store:
    """The store at `s3://bucket` or in a folder. Raises `ValueError` for an address that is neither."""
    # Imported here: boto3 costs a fifth of a second, and a folder needs none of it.
    if address.startswith("s3://"):
        from functions.core.storage.s3 import S3Store

        return S3Store(_bucket(address))
    if not address or "://" in address:
        raise ValueError(f"a store is s3://bucket or a folder; got {address!r}")
    from functions.core.storage.folder import FolderStore

    return FolderStore(address)


def _bucket(address: str) -> str:
    bucket, _, rest = address.removeprefix("s3://").partition("/")
    if not bucket or rest:
        raise ValueError(f"a store is s3://bucket, without a path in it; got {address!r}")
    return bucket


def open_parameter(address: str) -> Parameter:
    """The parameter at `ssm:/name`, or in a file. Raises `ValueError` for an address that is neither."""
    # Imported here: botocore takes a while to load, and a file needs none of it.
    if address.startswith("ssm:"):
        name = address.removeprefix("ssm:")
        if not name.startswith("/") or name.endswith("/"):
            raise ValueError(f"a parameter is ssm:/name, such as ssm:/lifeboat/dev/keys; got {address!r}")
        from functions.core.storage.ssm_parameter import SsmParameter

        return SsmParameter(name)
    if not address or "://" in address:
        raise ValueError(f"a parameter is ssm:/name or a file; got {address!r}")
    from functions.core.storage.file_parameter import FileParameter

    return FileParameter(address)
