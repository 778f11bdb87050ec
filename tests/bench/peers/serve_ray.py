"""Ray Serve with the pipeline in memory: `python -m tests.bench.peers.serve_ray PORT`.

https://docs.ray.io/en/latest/serve/http-guide.html
"""

import sys
from typing import Any

import ray
from fastapi import FastAPI
from ray import serve

from tests.bench.peers.passenger import Passenger
from tests.bench.peers.pipeline import load_pipeline, probability

app = FastAPI()


@serve.deployment(num_replicas=1, logging_config={"enable_access_log": False})
@serve.ingress(app)
class Titanic:
    def __init__(self) -> None:
        self._pipeline = load_pipeline()

    @app.post("/predict")
    def predict(self, passenger: Passenger) -> dict[str, float]:
        return {"probability": probability(self._pipeline, passenger)}


if __name__ == "__main__":
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[1])})
    deployment: Any = Titanic  # What the decorators have made of it.
    serve.run(deployment.bind(), blocking=True)
