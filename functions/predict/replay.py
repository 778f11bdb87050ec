"""Finds a prediction in the log and makes it again, with the model that made it."""

from dataclasses import dataclass

from functions.core.base.errors import InvalidInput, NotFound
from functions.core.predictions import search
from functions.core.predictions.records import PredictionRecord
from functions.core.schema.columns import from_values
from functions.core.storage.contract import Store
from functions.predict.champion import Loaded
from functions.predict.service import Service


@dataclass(frozen=True, slots=True)
class Replay:
    """`recorded` and `replayed` are probabilities; `identical` is whether they are, to the last bit."""

    identical: bool
    recorded: float
    replayed: float
    version: str


def find(store: Store, prediction_id: str) -> PredictionRecord:
    """The record of a prediction. Raises `NotFound`; `InvalidInput` for what is no prediction id."""
    try:
        return search.find(store, prediction_id)
    except ValueError:
        raise InvalidInput("a prediction id is a UUID of version 7: the prediction_id of an answer") from None


def replay(service: Service, prediction_id: str) -> Replay:
    """Score a logged passenger again. Raises as `find`, and `NotFound` when the model is gone."""
    record = find(service.store, prediction_id)
    columns = from_values({name: [value] for name, value in record.features.items()})
    [replayed] = _model_of(service, record).scorer.run(columns).probability.tolist()
    return Replay(replayed == record.probability, record.probability, replayed, record.version)


def _model_of(service: Service, record: PredictionRecord) -> Loaded:
    try:
        return service.model(record.version)
    except NotFound as error:
        raise NotFound(
            f"version {record.version}, which made this prediction, has been deleted; "
            "its record can be read, but not replayed"
        ) from error
