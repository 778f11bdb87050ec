"""FastAPI with the pipeline in memory: `uvicorn tests.bench.peers.serve_fastapi:app`.

A plain function, because it computes: https://fastapi.tiangolo.com/async/
"""

from fastapi import FastAPI

from tests.bench.peers.passenger import Passenger
from tests.bench.peers.pipeline import load_pipeline, probability

app = FastAPI()
_pipeline = load_pipeline()


@app.post("/predict")
def predict(passenger: Passenger) -> dict[str, float]:
    return {"probability": probability(_pipeline, passenger)}
