"""What stands at the address of a parameter: SSM, or a file.

Apart from `storage.opening`: the authorizer's bundle holds no SDK for stores.
"""

from functions.core.storage.parameter import Parameter


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
