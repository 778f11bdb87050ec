"""Many rows in one request: through the handler, step by step, and the raw run of the graph.

Arguments: the bundle, the event, the graph, a file of cases `[{name, body, content_type, accept, rounds}]`.
Prints the seconds of each, by case, in turns.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def main() -> None:
    bundle, event, model, cases = sys.argv[1:]
    sys.path.insert(0, bundle)
    template = json.loads(Path(event).read_bytes())
    measured = {}
    for case in json.loads(Path(cases).read_bytes()):
        steps = _steps(template, model, case)
        seconds: dict[str, list[float]] = {name: [] for name in steps}
        for round_ in range(case["rounds"] + 1):
            for name, step in steps.items():
                began = time.perf_counter()
                step()
                took = time.perf_counter() - began
                # The first round warms up.
                seconds[name] += [took] if round_ else []
        measured[case["name"]] = seconds
    print(json.dumps(measured))


def _steps(template: dict[str, Any], model: str, case: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    """The whole request, and what it is made of, each on what the step before it made."""
    import onnxruntime
    import orjson

    from functions.predict import answers
    from functions.predict.handler import handler
    from functions.predict.native.bodies import read_batch, read_csv
    from functions.predict.rows import Rows
    from functions.predict.scoring import Origin, score
    from functions.predict.service import service

    request = _request(template, case)
    body = case["body"].encode()
    as_csv = case["content_type"] == "text/csv"
    write = answers.batch_as_csv if as_csv else answers.batch_as_json
    lifeboat = service()
    champion = lifeboat.champion(lifeboat.settings.default_model)

    def read() -> Rows:
        if as_csv:
            return read_csv(body, champion.rows, partial=False)
        return read_batch(orjson.loads(body), champion.rows, partial=False)

    rows = read()
    scored = score(rows.columns, champion, Origin())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def answered() -> None:
        answer = handler(request, None)
        if answer["statusCode"] != 200:
            raise SystemExit(f"the handler answered {answer}")

    def logged() -> None:
        # What `score` does besides running the graph and making ids.
        champion.log.write(
            rows.columns,
            scored.prediction_id,
            scored.probability,
            share=1.0,
            key_id="5f3a91c2",
            request_id="JKJaXmPLvHcESHA=",
        )

    return {
        "whole": answered,
        "validation": read,
        "scoring": lambda: champion.scorer.run(rows.columns),
        "log": logged,
        "serialisation": lambda: write(scored, rows, champion, None),
        "raw": lambda: session.run(["label", "probabilities"], dict(rows.columns)),
    }


def _request(template: dict[str, Any], case: dict[str, Any]) -> dict[str, Any]:
    context = template["requestContext"]
    return template | {
        "rawPath": "/predict/batch",
        "routeKey": "POST /predict/batch",
        "headers": template["headers"]
        | {
            "content-type": case["content_type"],
            "content-length": str(len(case["body"].encode())),
            "accept": case["accept"],
        },
        "requestContext": context | {"http": context["http"] | {"path": "/predict/batch"}},
        "body": case["body"],
    }


main()
