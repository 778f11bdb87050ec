"""A bucket that knows the schema of the Titanic's model."""

from typing import Any

import pytest

from tests.support.titanic import SCHEMA
from tests.support.uploads import BUCKET


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """As often as ever, and without the pauses between the attempts."""
    # Not at the top: each process of pytest imports every conftest.py first, and this brings scikit-learn.
    from functions.retrain import attempts

    monkeypatch.setattr(attempts, "PAUSES", (0.0, 0.0))


@pytest.fixture
def s3(s3: Any) -> Any:
    s3.put_object(Bucket=BUCKET, Key="schemas/titanic.json", Body=SCHEMA.as_json())
    return s3
