"""Objects of the prediction log as Firehose writes them: lines that are whole, damaged, or something else."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from functions.core.base.ids import new_ids
from tests.fuzz.json_values import VALUES, as_json, damaged
from tests.support.production import ids_of, logged_line, refusal_line
from tests.support.titanic import MODEL

Record = dict[str, Any]


def _prediction(version: str, probability: float, minutes: int) -> Record:
    (id_,) = ids_of(1, datetime.now(UTC) - timedelta(minutes=minutes))
    record: Record = json.loads(logged_line(id_, version=version, probability=probability))
    return record


def _refusal(rows: int) -> Record:
    record: Record = json.loads(refusal_line(new_ids(1)[0], rows, age=rows, other=1))
    return record


def predictions(versions: list[str]) -> st.SearchStrategy[Record]:
    """Records of the last minutes, of versions that there are and of one that is gone."""
    return st.builds(
        _prediction, st.sampled_from((*versions, "f" * 16)), st.floats(0, 1, width=32), st.integers(0, 50)
    )


REFUSALS = st.builds(_refusal, st.integers(1, 10_000))
OTHERS = st.sampled_from(
    (
        {"level": "ERROR", "message": "request failed", "error": "StoreUnavailable()"},
        {"message": "prediction"},
        {"message": "refusal", "model": MODEL, "rows": 0},
    )
)


def objects(versions: list[str]) -> st.SearchStrategy[bytes]:
    """Some lines, and with them bytes that are changed or cut off."""
    record = predictions(versions) | REFUSALS
    lines = (
        as_json(record)
        | as_json(record.flatmap(damaged))
        | as_json(record.flatmap(damaged))
        | as_json(OTHERS | VALUES)
    )
    bodies = st.lists(lines, max_size=5).map(lambda lines: "\n".join([*lines, ""]).encode())
    return bodies | st.tuples(bodies, st.integers(0, 400), PIECES, st.integers(0, 3)).map(_changed)


PIECES = st.binary(max_size=4) | st.sampled_from(
    (b"\n", b"\0", b"\r\n\r\n", b"\x1f\x8b", b"9" * 5_000, b"[" * 3_000)
)


def _changed(change: tuple[bytes, int, bytes, int]) -> bytes:
    body, at, piece, length = change
    return body[:at] + piece + body[at + length :]
