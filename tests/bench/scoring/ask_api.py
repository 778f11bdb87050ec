"""Ask POST /predict/batch for the first rows of a table, and tell how many of them a file of answers answers
otherwise. Arguments: the table, its answers, the store.
"""

import contextlib
import csv
import io
import itertools
import os
import sys
from http import HTTPStatus
from pathlib import Path

from tests.support import gateway

ROWS = 10_000
NAMES = ("survived", "probability", "version")


def main(source: Path, answers: Path, store: str) -> None:
    os.environ |= {"LIFEBOAT_STORE": store, "LIFEBOAT_DEFAULT_MODEL": "titanic"}
    from functions.predict.handler import handler

    with source.open("rb") as table, answers.open(newline="") as file:
        body = b"".join(itertools.islice(table, ROWS + 1))
        scored = [*itertools.islice(csv.DictReader(file), ROWS)]
    headers = {"content-type": "text/csv", "accept": "text/csv"}
    # What it logs is a line per row.
    with contextlib.redirect_stdout(io.StringIO()):
        answer = gateway.send(handler, "POST", "/predict/batch", body, headers=headers)
    if answer["statusCode"] != HTTPStatus.OK:
        raise SystemExit(f"the API answered {answer}")
    asked = csv.DictReader(io.StringIO(answer["body"], newline=""))
    pairs = zip(scored, asked, strict=True)
    print(sum(any(row[name] != other[name] for name in NAMES) for row, other in pairs))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
