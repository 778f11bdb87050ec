"""Finds a prediction in the log and makes it again, with the model that made it."""

from dataclasses import dataclass

from functions.core.base.errors import InvalidInput, NotFound, UnusableRecord
from functions.core.predictions import search
from functions.core.predictions.records import PredictionRecord
from functions.core.schema.columns import from_values
from functions.core.storage.view import ModelStore
from functions.predict.champion import Loaded
from functions.predict.service import Service


@dataclass(frozen=True, slots=True)
class Replay:
    """`recorded` and `replayed` are probabilities; `identical` is whether they are, to the last bit."""

    identical: bool
    recorded: float
    replayed: float
    version: str


def find(store: ModelStore, prediction_id: str) -> PredictionRecord:
    """The record of a prediction. Raises `NotFound`; `InvalidInput` for what is no prediction id."""
    try:
        return search.find(store, prediction_id)
    except ValueError:
        raise InvalidInput("a prediction id is a UUID of version 7: the prediction_id of an answer") from None


def replay(service: Service, model: str, prediction_id: str) -> Replay:
    """Score a logged row again. Raises as `find`, and `NotFound` when the version is gone."""
    record = find(service.store_of(model), prediction_id)
    version = _version_of(service, record)
    if not record.fits(version.served.schema):
        raise UnusableRecord("the record of this prediction does not fit the version that made it")
    columns = from_values({name: [value] for name, value in record.features.items()}, version.served.schema)
    [replayed] = version.scorer.run(columns).probability.tolist()
    return Replay(replayed == record.probability, record.probability, replayed, record.version)


def _version_of(service: Service, record: PredictionRecord) -> Loaded:
    try:
        return service.version(record.model, record.version)
    except NotFound as error:
        raise NotFound(
            f"version {record.version}, which made this prediction, has been deleted; "
            "its record can be read, but not replayed"
        ) from error
