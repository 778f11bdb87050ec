"""A load test with a web view, against any stack: deployed, or `make run`.

    LIFEBOAT_KEY=lb_... uvx locust --locustfile tests/bench/locustfile.py --host http://127.0.0.1:8000

and open http://localhost:8089. `--host` is the API's address; the key needs the scope `predict` (`make key`).
Users come and go there; the gateway throttles at what template.yaml says (`ThrottlingRateLimit`).
"""

import os
import random

from locust import HttpUser, between, events, task
from locust.env import Environment

chance = random.SystemRandom()
TITLES = {"female": ("Miss", "Mrs"), "male": ("Mr", "Master")}


@events.init.add_listener
def needs_a_key(environment: Environment, **_: object) -> None:
    if not os.environ.get("LIFEBOAT_KEY"):
        raise SystemExit('LIFEBOAT_KEY is not set. make key SCOPES=predict NOTE="load test" makes one.')


class Visitor(HttpUser):
    """Asks about one row after another, now and then about a hundred at once."""

    wait_time = between(0.1, 1)

    def on_start(self) -> None:
        self.client.headers["x-api-key"] = os.environ["LIFEBOAT_KEY"]

    @task(20)
    def one(self) -> None:
        self.client.post("/predict", json=row())

    @task(1)
    def hundred(self) -> None:
        self.client.post("/predict/batch", json={"rows": [row() for _ in range(100)]})


def row() -> dict[str, object]:
    """A passenger who may have been aboard. Every third one's age is not known."""
    sex = chance.choice(sorted(TITLES))
    return {
        "pclass": chance.randint(1, 3),
        "sex": sex,
        "age": chance.choice([None, chance.randint(1, 80), chance.randint(1, 80)]),
        "fare": round(chance.uniform(7, 263), 2),
        "embarked": chance.choice("CQS"),
        "title": chance.choice(TITLES[sex]),
    }
