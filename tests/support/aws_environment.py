"""An environment in which nothing but what a test says leads the SDK, whoever runs the tests."""

import os

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLE",
}
REGION = {"AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-central-1"}
_CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")


def nothing() -> dict[str, str | None]:
    """For `exported`: takes away whatever the SDK or the reader looks at. No home has a folder `.aws`."""
    names = [
        name
        for name in os.environ
        if name.startswith(("AWS_", "BOTO")) or name.lower().endswith("_proxy") or name in _CERTIFICATES
    ]
    return {**dict.fromkeys(names), "HOME": os.devnull}


def plain_environment(**settings: str) -> dict[str, str | None]:
    """For `exported`: credentials and a region, as Lambda gives them, with `settings` over them."""
    return {**nothing(), **CREDENTIALS, **REGION, **settings}
