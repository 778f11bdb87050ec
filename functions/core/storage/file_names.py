"""What a file may be called that is put into a folder of the store."""

from collections.abc import Sequence

_MAX_BYTES = 100


def fault_of_name(name: str, suffixes: Sequence[str], advice: str) -> str:
    """What is wrong with the name of a file, for a sentence that begins with the name; "" where it is fine.

    suffixes: one of which it has to end with. advice: what to do with a file of another kind.
    """
    if not name.endswith(tuple(suffixes)):
        return f"has to end with {' or '.join(suffixes)}; {advice}"
    if len(name.encode(errors="replace")) > _MAX_BYTES:
        return f"has more than {_MAX_BYTES} bytes"
    if name.startswith((".", " ")) or not name.isprintable() or "/" in name or "\\" in name:
        return "begins with a dot or a space, or has a slash or a character in it that cannot be printed"
    return ""
