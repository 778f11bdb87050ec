"""LitServe with the pipeline in memory: `python -m tests.bench.peers.serve_litserve PORT`.

https://lightning.ai/docs/litserve/api-reference/litapi
"""

import sys

import litserve

from tests.bench.peers.passenger import Passenger
from tests.bench.peers.pipeline import load_pipeline, probability


class Titanic(litserve.LitAPI):
    def setup(self, device: str) -> None:
        self._pipeline = load_pipeline()

    def decode_request(self, request: Passenger) -> Passenger:
        return request

    def predict(self, x: Passenger) -> float:
        return probability(self._pipeline, x)

    def encode_response(self, output: float) -> dict[str, float]:
        return {"probability": output}


if __name__ == "__main__":
    server = litserve.LitServer(Titanic(), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False, access_log=False)
