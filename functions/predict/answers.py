"""Writes predictions for whoever asked: as JSON, or as CSV. What they look like: `predict.native.shapes`."""

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import Any
from urllib.parse import quote

import orjson

from functions.core.schema.names import own_names
from functions.core.schema.schema import fold
from functions.predict.champion import Loaded
from functions.predict.explain import Explanation
from functions.predict.rows import ColumnsRead, RowError, Rows
from functions.predict.scoring import Scored

MAX_HEADER = 2_000


def rows(scored: Scored, model: Loaded, explanation: Explanation | None = None) -> Iterator[dict[str, Any]]:
    """An `Answer` for each row, in order: the outcome has the target's name."""
    target = model.served.schema.target
    contributions = explanation.contributions.tolist() if explanation else None
    errors = explanation.standard_errors.tolist() if explanation and explanation.is_sampled else None
    for index, prediction_id in enumerate(scored.prediction_id):
        answer: dict[str, Any] = {
            target.name: target.answers[scored.outcome[index]],
            "probability": scored.probability[index],
            "prediction_id": prediction_id,
        }
        if explanation and contributions:
            names = model.served.schema.names
            answer["explanation"] = {
                "base_probability": explanation.base,
                "contributions": dict(zip(names, contributions[index], strict=True)),
            }
            if errors:
                answer["explanation"]["standard_errors"] = dict(zip(names, errors[index], strict=True))
        yield answer


def one_as_json(scored: Scored, model: Loaded, explanation: Explanation | None = None) -> bytes:
    """A `Prediction`."""
    [answer] = rows(scored, model, explanation)
    return orjson.dumps(answer | _about(model))


def batch_as_json(scored: Scored, sent: Rows, model: Loaded, explanation: Explanation | None) -> bytes:
    """A `BatchPrediction`."""
    answers = [
        {"row": number, **answer}
        for number, answer in zip(sent.numbers, rows(scored, model, explanation), strict=True)
    ]
    body = {**_about(model), "predictions": answers, "errors": sent.bad}
    if sent.table:
        body["columns"] = sent.table
    return orjson.dumps(body)


def batch_as_csv(scored: Scored, sent: Rows, model: Loaded, explanation: Explanation | None) -> bytes:
    """The same as a table with a header: a line per row, in order; a row that was not scored has an error."""
    count = len(sent.numbers)
    schema = model.served.schema
    target = schema.target
    words = [*map(_cell, target.cells())]
    # A target may have the name of a column beside it.
    own = own_names(("version", "base_probability", "error"), {fold(target.name)})
    header = ["row", target.name, "probability", "prediction_id", own["version"]]
    columns: list[Iterable[str]] = [
        map(str, sent.numbers),
        [words[outcome] for outcome in scored.outcome],
        _as_texts(scored.probability),
        scored.prediction_id,
        repeat(model.served.version, count),
    ]
    if explanation:
        header += [own["base_probability"], *(f"contribution_{name}" for name in schema.names)]
        columns += [
            repeat(repr(explanation.base), count),
            *map(_as_texts, explanation.contributions.T.tolist()),
        ]
    if sent.bad:
        header.append(own["error"])
        columns.append(repeat("", count))
    # Numbers, ids, a version and a word that was quoted above: there is nothing else to quote.
    lines = [*map(",".join, zip(*columns, strict=True))]
    if sent.bad:
        bad = [(error.row, _as_line(error, len(header))) for error in sent.bad]
        lines = [line for _, line in sorted([*zip(sent.numbers, lines, strict=True), *bad])]
    return "\n".join([",".join(map(_cell, header)), *lines, ""]).encode()


def column_headers(table: ColumnsRead) -> dict[str, str]:
    """What became of the columns of a table, as headers of an answer that has no other place for it."""
    names = {"used": table.used, "passed-over": table.passed_over, "missing": table.missing}
    return {
        f"x-columns-{what}": ",".join(map(quote, columns))[:MAX_HEADER]
        for what, columns in names.items()
        if columns
    }


def _as_line(error: RowError, cells: int) -> str:
    """The row number, the error in the last of so many cells, and nothing between."""
    text = f"{error.field}: {error.msg}".lstrip(": ").replace('"', '""')
    return f'{error.row}{"," * (cells - 1)}"{text}"'


def _cell(text: str) -> str:
    """A cell of CSV, quoted where it has to be."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([text])
    return line.getvalue()


def _as_texts(numbers: list[float]) -> list[str]:
    """Each with as many digits as it takes to get the same number back."""
    return orjson.dumps(numbers).decode()[1:-1].split(",") if numbers else []


def _about(model: Loaded) -> dict[str, Any]:
    served = model.served
    return {
        "threshold": served.threshold,
        "model": {"name": served.name, "version": served.version},
    }
