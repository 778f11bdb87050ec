"""Dollars per million predictions and per idle month: durations measured here, prices published by AWS."""

import io
import json
import time
from contextlib import redirect_stdout
from datetime import UTC, datetime
from statistics import median

from functions.core.base.ids import new_ids
from functions.core.identity.key_list import add
from functions.core.identity.keys import make_key
from functions.core.predictions.writing import PredictionLog
from functions.core.schema.columns import to_columns
from functions.core.schema.rows import RowReader
from functions.core.storage.parameter_opening import open_parameter
from tests.bench import bill, prices, warm
from tests.bench.bill import Durations
from tests.bench.figures import Figures
from tests.bench.stage import EVENT, ROW, Stage
from tests.support.declared import of_type
from tests.support.titanic import MODEL, SCHEMA

ROUNDS, REQUESTS = 7, 500
MEMORIES = (128, 256, 512, 1024, 1769, 3008)
RATES = {"10 a second": 10.0, "1 every 10 s": 0.1}


def measure(stage: Stage) -> Figures:
    durations = _predict(stage)
    functions = stage.template.functions
    predict = bill.Function(durations, functions["PredictFunction"].memory)
    authorize = bill.Function(_authorize(stage), functions["AuthorizeFunction"].memory)
    refresh = float(functions["PredictFunction"].environment["LIFEBOAT_REFRESH_SECONDS"])
    bills = {
        words: bill.per_million(
            predict, authorize, rate=rate, line_bytes=_line_bytes(), refresh_seconds=refresh
        )
        for words, rate in RATES.items()
    }
    idle = bill.per_month_idle(
        alarms=len([*of_type("AWS::CloudWatch::Alarm")]),
        stored_bytes=sum(entry.size for entry in stage.store.list("")),
    )
    figures = Figures("cost", stage.version)
    for words, parts in bills.items():
        for part, dollars in (parts | {"together": sum(parts.values())}).items():
            figures.note(f"$ per million, {words}: {part}", dollars)
    for memory in MEMORIES:
        figures.note(f"$ per million, duration of predict, {memory} MB", durations.dollars(memory))
    for part, dollars in idle.items():
        figures.note(f"$ per idle month: {part}", dollars)
    _print(durations, bills, idle, predict.memory)
    return figures


def _predict(stage: Stage) -> Durations:
    own = stage.checkout()
    cold = [max(own.marks("cold", own.bundle, own.event).values()) for _ in range(ROUNDS + 1)][1:]
    return Durations(median(warm.take(own, rounds=5)["seconds"]["handler"]), median(cold))


def _authorize(stage: Stage) -> Durations:
    """Of the authorizer, which finds its keys where template.yaml says, in the store's endpoint."""
    now = datetime.now(UTC)
    text, key = make_key(["predict"], "bench", now)
    add(open_parameter(stage.template.functions["AuthorizeFunction"].environment["LIFEBOAT_KEYS"]), key, now)
    event = json.loads(EVENT.read_bytes())
    event["headers"]["x-api-key"] = text
    file = stage.scratch / "authorizer.json"
    file.write_text(json.dumps(event))
    bundle = stage.bundle("AuthorizeFunction")
    cold: list[float] = []
    answers: list[float] = []
    for _ in range(ROUNDS + 1):
        began = time.monotonic()
        measured = stage.run("authorize", bundle, file, str(REQUESTS), function="AuthorizeFunction")
        cold.append(measured["first"] - began)
        answers += measured["seconds"]
    return Durations(median(answers), median(cold[1:]))


def _line_bytes() -> int:
    """The length of a line of the prediction log."""
    written = io.StringIO()
    columns = to_columns([RowReader(SCHEMA).read(json.loads(ROW)).values], SCHEMA)
    with redirect_stdout(written):
        log = PredictionLog(SCHEMA, MODEL, "0" * 16)
        log.write(columns, new_ids(1), [0.9358831644058228], share=1.0, key_id="0" * 8, request_id="0" * 16)
    return len(written.getvalue())


def _print(
    durations: Durations, bills: dict[str, dict[str, float]], idle: dict[str, float], memory: int
) -> None:
    print(
        f"\nDollars per million predictions, us-east-1, prices of {prices.READ}, no free tier, {memory:,} MB"
    )
    print(f"{'':<32}" + "".join(f"{words:>16}" for words in bills))
    for part in next(iter(bills.values())):
        print(f"{part:<32}" + "".join(f"{parts[part]:>16.3f}" for parts in bills.values()))
    print(f"{'together':<32}" + "".join(f"{sum(parts.values()):>16.3f}" for parts in bills.values()))
    traced = "".join(f"{bill.tracing_per_million(rate=RATES[words]):>16.3f}" for words in bills)
    print(f"{'on top with Tracing=Active':<32}{traced}")
    print(f"\n{'predict, MB':>12}{'warm, ms billed':>18}{'cold, ms billed':>18}{'$ per million':>16}")
    for size in MEMORIES:
        warm, cold = durations.billed(size)
        print(f"{size:>12,}{warm * 1000:>18.0f}{cold * 1000:>18,.0f}{durations.dollars(size):>16.3f}")
    print("\nDollars per month while nobody asks")
    for part, dollars in idle.items():
        print(f"{part:<44}{dollars:>14.7f}")
