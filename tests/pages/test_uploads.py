"""Where the pages may send large files: where the SDK signs addresses for them, and nowhere else."""

import pytest

from functions.core.storage.s3 import S3Store
from functions.pages import handler as pages
from functions.pages.uploads import uploads_at
from tests.pages.test_handler import get, text_of
from tests.support.aws_environment import nothing

KEY = "scoring/churn/in/6f1c0a9d3b7e52c84410/march 2026.csv"
LOCAL = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9000"}


def in_environment(patch: pytest.MonkeyPatch, region: str, variables: dict[str, str]) -> None:
    own = {
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name, value in {**nothing(), **own, "AWS_DEFAULT_REGION": region, **variables}.items():
        if value is None:
            patch.delenv(name, raising=False)
        else:
            patch.setenv(name, value)


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "cn-north-1"])
@pytest.mark.parametrize("variables", [{}, LOCAL])
def test_an_address_to_upload_to_begins_as_the_pages_are_told(
    monkeypatch: pytest.MonkeyPatch, region: str, variables: dict[str, str]
) -> None:
    in_environment(monkeypatch, region, variables)
    bucket = f"lifeboat-dev-123456789012-{region}"
    begins = uploads_at(f"s3://{bucket}")
    address = S3Store(bucket).presign("PUT", KEY, 60)
    assert begins.endswith(f"/{bucket}/scoring/")
    assert address is not None
    assert address.startswith(begins)


def test_the_pages_may_send_files_there_and_to_nothing_else_in_the_store(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    in_environment(monkeypatch, "eu-central-1", {})
    monkeypatch.setenv("LIFEBOAT_STORE", "s3://lifeboat-dev")
    pages.site.cache_clear()
    answer = get()
    begins = "https://s3.eu-central-1.amazonaws.com/lifeboat-dev/scoring/"
    assert f"connect-src 'self' {begins};" in answer["headers"]["content-security-policy"]
    assert f'<meta name="lifeboat-uploads" content="{begins}" />' in text_of(answer)


@pytest.mark.parametrize("store", ["", "build/store", "s3://Not A Bucket"])
def test_without_addresses_the_pages_are_told_of_none(monkeypatch: pytest.MonkeyPatch, store: str) -> None:
    in_environment(monkeypatch, "eu-central-1", {})
    monkeypatch.setenv("LIFEBOAT_STORE", store)
    pages.site.cache_clear()
    answer = get()
    assert "connect-src 'self';" in answer["headers"]["content-security-policy"]
    assert '<meta name="lifeboat-uploads" content="" />' in text_of(answer)
