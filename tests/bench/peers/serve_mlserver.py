"""MLServer with the pipeline in memory: `python -m tests.bench.peers.serve_mlserver PORT`.

https://mlserver.readthedocs.io/en/latest/user-guide/custom.html
"""

import asyncio
import sys

from mlserver import MLModel, MLServer, ModelSettings, Settings
from mlserver.handlers import custom_handler

from tests.bench.peers.passenger import Passenger
from tests.bench.peers.pipeline import load_pipeline, probability


class Titanic(MLModel):
    async def load(self) -> bool:
        self._pipeline = load_pipeline()
        return True

    # The same body as the others take, in place of the Open Inference Protocol's.
    @custom_handler(rest_path="/predict")
    async def predict_passenger(self, passenger: Passenger) -> dict[str, float]:
        return {"probability": probability(self._pipeline, passenger)}


async def serve(port: int) -> None:
    # Without workers besides its own process, in which the model is, and without its port for metrics.
    settings = Settings(
        host="127.0.0.1",
        http_port=port,
        grpc_port=port + 1,
        metrics_endpoint=None,
        parallel_workers=0,
        access_logging=False,
    )
    await MLServer(settings).start([ModelSettings(name="titanic", implementation=Titanic)])


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
