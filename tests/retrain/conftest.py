"""A bucket that knows the schema of the Titanic's model."""

from typing import Any

import pytest

from tests.support.titanic import SCHEMA
from tests.support.uploads import BUCKET


@pytest.fixture
def s3(s3: Any) -> Any:
    s3.put_object(Bucket=BUCKET, Key="schemas/titanic.json", Body=SCHEMA.as_json())
    return s3
