"""Writes predictions for whoever asked: as JSON, or as CSV. What they look like: `predict.native.shapes`."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any
from urllib.parse import quote

import orjson

from functions.core.schema.schema import REFERENCE
from functions.core.scoring.answer_cells import (
    name_columns,
    name_explanation,
    name_kept,
    write_cell,
    write_error,
    write_explanation,
    write_numbers,
)
from functions.core.scoring.explain import Explanation
from functions.predict.champion import Loaded
from functions.predict.rows import ColumnsRead, Kept, RowError, Rows
from functions.predict.scoring import Scored

MAX_HEADER = 2_000


def rows(scored: Scored, model: Loaded, explanation: Explanation | None = None) -> Iterator[dict[str, Any]]:
    """An `Answer` for each row, in order: the outcome has the target's name."""
    target = model.served.schema.target
    contributions = explanation.contributions.tolist() if explanation else None
    errors = explanation.standard_errors.tolist() if explanation and explanation.is_sampled else None
    references = scored.references
    reference_name = _reference_name(model) if references else ""
    for index, prediction_id in enumerate(scored.prediction_id):
        answer: dict[str, Any] = {
            target.name: target.answers[scored.outcome[index]],
            "probability": scored.probability[index],
            "prediction_id": prediction_id,
        }
        if references and references[index]:
            answer[reference_name] = references[index]
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
        {"row": number, **answer, **_kept(sent, number)}
        for number, answer in zip(sent.numbers, rows(scored, model, explanation), strict=True)
    ]
    errors = [
        {
            "row": bad.row,
            "field": bad.field,
            "msg": bad.msg,
            **_referenced(sent, bad.row),
            **_kept(sent, bad.row),
        }
        for bad in sent.bad
    ]
    body = {**_about(model), "predictions": answers, "errors": errors}
    if sent.table:
        body["columns"] = sent.table._asdict()
    return orjson.dumps(body)


def batch_as_csv(scored: Scored, sent: Rows, model: Loaded, explanation: Explanation | None) -> bytes:
    """The same as a table with a header: a line per row, in order; a row that was not scored has an error."""
    count = len(sent.numbers)
    schema = model.served.schema
    target = schema.target
    words = [*map(write_cell, target.cells())]
    version, reference, fault = name_columns(schema, ["version", REFERENCE, "error"])
    kept = sent.kept or Kept([], [])
    header = ["row", target.name, "probability", "prediction_id", version]
    columns: list[Iterable[str]] = [
        map(str, sent.numbers),
        [words[outcome] for outcome in scored.outcome],
        write_numbers(scored.probability),
        scored.prediction_id,
        repeat(model.served.version, count),
    ]
    if explanation:
        header += name_explanation(schema)
        columns += write_explanation(explanation)
    if sent.references:
        header.append(reference)
        columns.append([write_cell(sent.references[number - 1] or "") for number in sent.numbers])
    if sent.bad:
        header.append(fault)
        columns.append(repeat("", count))
    names = name_kept(kept.names, header)
    header += names
    columns += [
        [write_cell(kept.cells[number - 1][index]) for number in sent.numbers] for index in range(len(names))
    ]
    # Numbers, ids, a version, and cells that were quoted above: there is nothing else to quote.
    lines = [*map(",".join, zip(*columns, strict=True))]
    if sent.bad:
        bad = [
            (error.row, _as_line(error, len(header) - len(names), kept.cells[error.row - 1] if names else []))
            for error in sent.bad
        ]
        lines = [line for _, line in sorted([*zip(sent.numbers, lines, strict=True), *bad])]
    return "\n".join([",".join(map(write_cell, header)), *lines, ""]).encode()


def _reference_name(model: Loaded) -> str:
    """The key of a reference in an answer, where the target may have that name."""
    return name_columns(model.served.schema, [REFERENCE])[0]


def _referenced(sent: Rows, number: int) -> dict[str, Any]:
    """The reference of the row of that number, in JSON."""
    reference = sent.references and sent.references[number - 1]
    return {REFERENCE: reference} if reference else {}


def _kept(sent: Rows, number: int) -> dict[str, Any]:
    """What goes back with the row of that number, in JSON."""
    if sent.kept is None:
        return {}
    return {"kept": dict(zip(sent.kept.names, sent.kept.cells[number - 1], strict=True))}


def column_headers(table: ColumnsRead) -> dict[str, str]:
    """What became of the columns of a table, as headers of an answer that has no other place for it."""
    names = {"used": table.used, "passed-over": table.passed_over, "missing": table.missing}
    return {
        f"x-columns-{kind}": ",".join(map(quote, columns))[:MAX_HEADER]
        for kind, columns in names.items()
        if columns
    }


def _as_line(error: RowError, cells: int, kept: Sequence[str]) -> str:
    """The row number, the error in the last of so many cells, and nothing between; then what is kept."""
    text = write_error(error.field, error.msg)
    return f"{error.row}{',' * (cells - 1)}{','.join(map(write_cell, [text, *kept]))}"


def _about(model: Loaded) -> dict[str, Any]:
    served = model.served
    return {
        "threshold": served.threshold,
        "model": {"name": served.name, "version": served.version},
    }
