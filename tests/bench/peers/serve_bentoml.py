"""BentoML with the pipeline in memory: `bentoml serve tests.bench.peers.serve_bentoml:Titanic`.

https://docs.bentoml.com/en/latest/build-with-bentoml/services.html
"""

import bentoml

from tests.bench.peers.passenger import Passenger
from tests.bench.peers.pipeline import load_pipeline, probability


@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class Titanic:
    def __init__(self) -> None:
        self._pipeline = load_pipeline()

    # That the argument has no name makes the passenger the whole body, as with the others.
    @bentoml.api
    def predict(self, passenger: Passenger, /) -> dict[str, float]:
        return {"probability": probability(self._pipeline, passenger)}
