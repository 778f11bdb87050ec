"""How the text of one file is to be read: decided once, from all of it, and told to whoever reads a part."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Dialect:
    """What has to be known to read any rows of a file without the rest of it.

    header: the names of the columns, "" for one without a name. separator: between cells. encoding, errors:
    as `bytes.decode` takes them. marks: the decimal mark of each field whose numbers may not be written
    plainly. begins: the byte at which the first row below the header begins, from 0, and line: its number,
    from 1. Of a file in gzip or of two or four bytes a letter, they are those of its plain text
    (`core.schema.text.streams`).
    """

    header: tuple[str, ...]
    separator: str
    encoding: str
    errors: str
    marks: Mapping[str, str]
    begins: int
    line: int

    def as_json(self) -> dict[str, Any]:
        """What `from_json` makes a dialect of again."""
        return {**asdict(self), "header": [*self.header]}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        return cls(**{**record, "header": tuple(record["header"])})
