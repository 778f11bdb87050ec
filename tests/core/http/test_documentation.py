"""The document of a function: what it says of keys."""

import json

from tests.support.authorizing import Ask


def test_the_document_says_where_a_key_goes(ask: Ask) -> None:
    document = json.loads(ask("GET", "/openapi.json")["body"])
    schemes = document["components"]["securitySchemes"]
    key, bearer = schemes["APIKeyHeader"], schemes["HTTPBearer"]
    assert (key["type"], key["in"], key["name"]) == ("apiKey", "header", "x-api-key")
    assert (bearer["type"], bearer["scheme"]) == ("http", "bearer")
    assert {"401", "403"} <= set(document["paths"]["/predict"]["post"]["responses"])
    assert "security" not in document["paths"]["/health/live"]["get"]
