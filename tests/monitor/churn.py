"""A second model: customers, with names that are hard to write into a CSV and a target of two words."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from functions.core.base.ids import new_ids
from functions.core.predictions.records import folder
from functions.core.schema.document.parsing import parse_schema
from functions.core.stats.distributions import of_numbers
from functions.core.stats.records import Distribution
from functions.core.storage.contract import Store
from functions.core.storage.view import ModelStore
from tests.support.production import ids_of, logged_line
from tests.support.versions import promote, publish

CHURN_VERSION = "c" * 16
PLAN, FEE, PAPER = 'plan, "as sold"', "fee; monthly €", "paperless"
CHURN = parse_schema(
    {
        "fields": [
            {
                "name": PLAN,
                "type": "string",
                "categories": ["basic, old", 'the "big" one', "line\nbreak", "carriage\rreturn"],
            },
            {"name": FEE, "type": "number"},
            {"name": PAPER, "type": "boolean"},
            {"name": "left?", "type": "string", "categories": ["stays", "goes, alas"]},
        ],
        "target": {"field": "left?", "positive": "goes, alas"},
    }
)
CUSTOMER: dict[str, Any] = {PLAN: "basic, old", FEE: 9.989999771118164, PAPER: 1.0}
REFERENCE = {
    PLAN: Distribution(
        categories=["basic, old", 'the "big" one', "line\nbreak", "carriage\rreturn"],
        counts=[500, 300, 150, 50, 0],
    ),
    FEE: of_numbers(np.linspace(5, 15, 1_000)),
    PAPER: of_numbers(np.array([1.0] * 700 + [0.0] * 300)),
    "probability": of_numbers(np.linspace(0, 1, 1_000)),
}


def churning(store: Store, model: str = "churn", **changes: Any) -> ModelStore:
    """A model of customers in service in the whole `store`. Its part of it."""
    view = ModelStore(store, model)
    publish(view, CHURN_VERSION, schema=CHURN, reference=REFERENCE, **changes)
    promote(view, CHURN_VERSION)
    return view


def log_churn(
    store: ModelStore,
    count: int,
    at: datetime | None = None,
    *,
    customers: Sequence[dict[str, Any]] = (CUSTOMER,),
    version: str = CHURN_VERSION,
) -> list[str]:
    """Log predictions of customers, each in turn, in one object. Their ids."""
    at = at or datetime.now(UTC)
    ids = ids_of(count, at)
    lines = [
        logged_line(id_, model=store.model, version=version, features=customers[index % len(customers)])
        for index, id_ in enumerate(ids)
    ]
    store.put(f"{folder(at)}{new_ids(1)[0]}.jsonl", b"".join(lines))
    return ids
