"""What stands at the address of a store: S3, or a folder."""

from functions.core.storage.contract import Reader, Store


def open_reader(address: str) -> Reader:
    """The store at `address`, to be read only: without the SDK where that can be."""
    if address.startswith("s3://"):
        from functions.core.storage.s3_reader import S3Reader

        if reader := S3Reader.from_environment(_bucket(address)):
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
    bucket, _, path = address.removeprefix("s3://").partition("/")
    if not bucket or path:
        raise ValueError(f"a store is s3://bucket, without a path in it; got {address!r}")
    return bucket
