"""The page that shows the API: its scripts, and what the document says of keys."""

import base64
import hashlib
import json
import re

from functions.core.http.documentation import documentation_page
from tests.support.authorizing import Ask


def test_the_documentation_runs_its_own_scripts_and_no_others(ask: Ask) -> None:
    answer = ask("GET", "/docs")
    policy = dict(
        directive.split(" ", 1) for directive in answer["headers"]["content-security-policy"].split("; ")
    )
    assert answer["headers"]["content-type"].startswith("text/html")
    assert (policy["default-src"], policy["frame-ancestors"]) == ("'none'", "'none'")
    assert "unsafe" not in policy["script-src"]
    (inline,) = re.findall(r"<script>(.*?)</script>", answer["body"], re.DOTALL)
    hashed = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
    assert f"'sha256-{hashed}'" in policy["script-src"]
    for source in re.findall(r'src="([^"]+)" integrity="sha384-', answer["body"]):
        assert source.startswith(policy["script-src"].split()[0])
    assert '"/predict"' in inline


def test_no_text_of_the_document_ends_the_script() -> None:
    page = bytes(documentation_page({"info": {"title": "</script><script>alert(1)</script>"}}).body)
    assert page.count(b"</script>") == 2


def test_the_document_says_where_a_key_goes(ask: Ask) -> None:
    document = json.loads(ask("GET", "/openapi.json")["body"])
    schemes = document["components"]["securitySchemes"]
    assert schemes["APIKeyHeader"] == {"type": "apiKey", "in": "header", "name": "x-api-key"}
    assert schemes["HTTPBearer"] == {"type": "http", "scheme": "bearer"}
    assert {"401", "403"} <= set(document["paths"]["/predict"]["post"]["responses"])
    assert "security" not in document["paths"]["/health/live"]["get"]
