"""The page on which people read an API's OpenAPI document and try it out."""

import base64
import hashlib
import json
from typing import Any

from starlette.responses import HTMLResponse

# People type keys into this page: its script is pinned, and the browser checks that it is the one meant.
# The hashes are those of the files in the npm package swagger-ui-dist of this version.
_FILES = "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5.35.0"
_SCRIPT_HASH = "sha384-gjRm0bEPMeTmMh5jT2cHccIwCUZSTd8YC+j0d0sXw0MdGEfScduGpSyF3ZSSLkX9"
_STYLE_HASH = "sha384-WlYgdmXYOOBWL5apwjDEZwN+U3HmXSSu5R6V5aGxEcf7z+KuRNwBhoxKVN1i3D5I"


def documentation_page(document: dict[str, Any]) -> HTMLResponse:
    """Swagger UI showing an OpenAPI `document`.

    The document stands in the page: a browser would ask for it without the key that the page was asked with.
    """
    # Inside a script element, "<" could end it.
    embedded = json.dumps(document).replace("<", "\\u003c")
    script = f'SwaggerUIBundle({{spec: {embedded}, dom_id: "#swagger-ui"}});'
    page = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Lifeboat</title>
<link rel="stylesheet" href="{_FILES}/swagger-ui.css" integrity="{_STYLE_HASH}" crossorigin="anonymous">
</head>
<body>
<div id="swagger-ui"></div>
<script src="{_FILES}/swagger-ui-bundle.js" integrity="{_SCRIPT_HASH}" crossorigin="anonymous"></script>
<script>{script}</script>
</body>
</html>
"""
    return HTMLResponse(page, headers={"content-security-policy": _policy(script)})


def _policy(script: str) -> str:
    """A content security policy that lets this page do what it does, and nothing else."""
    inline = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {_FILES}/ 'sha256-{inline}'",
            # Swagger UI sets styles on elements and draws its icons as data.
            f"style-src {_FILES}/ 'unsafe-inline'",
            "img-src data:",
            # "Try it out" asks this API and no other.
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )
