"""Whether a file ends as a table does, or was cut off."""

import csv
import io

from functions.core.schema.text.file_format import TextFile
from functions.core.schema.text.row_parser import csv_reader
from functions.core.schema.text.row_shape import is_blank

_LOOKED_AT = 1 << 16
_BY_BYTES = ("utf-8", "utf-8-sig", "cp1252")


def ends_within_row(text: TextFile, separator: str, width: int) -> bool:
    """Whether the last line has no end, and fewer cells than the header, which has `width`.

    So ends what was copied in part. It says no where it cannot tell: of a stream that is sought from its
    beginning only, of two bytes a letter, of a last line that is long.
    """
    if text.encoding not in _BY_BYTES:
        return False
    try:
        size = text.stream.seek(0, io.SEEK_END)
    except io.UnsupportedOperation:
        return False
    text.stream.seek(max(0, size - _LOOKED_AT))
    tail = text.stream.read()
    begins = max(tail.rfind(b"\n"), tail.rfind(b"\r")) + 1
    if not begins:
        return False
    try:
        row = next(csv_reader([tail[begins:].decode(text.encoding, "replace")], separator), [])
    except csv.Error:
        return False
    return not is_blank(row) and len(row) < width
