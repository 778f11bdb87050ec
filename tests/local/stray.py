"""Settings that a shell may have for other programs, each of which once led a run astray, or could."""

from pathlib import Path

_NOBODY = "http://127.0.0.1:1"
_CONFIG = f"""\
[default]
region = mars
endpoint_url = {_NOBODY}
services = elsewhere
[services elsewhere]
s3 =
  endpoint_url = {_NOBODY}
"""
_ONE_EACH = {
    # What the AWS SDK reads.
    "AWS_ENDPOINT_URL_S3": _NOBODY,
    "AWS_ENDPOINT_URL_SSM": _NOBODY,
    "AWS_ENDPOINT_URL_STS": _NOBODY,
    "AWS_PROFILE": "gone",
    "AWS_DEFAULT_PROFILE": "gone",
    "AWS_ACCESS_KEY_ID": "AKIAWITHOUTASECRET",
    "AWS_SESSION_TOKEN": "of nothing",
    "AWS_REGION": "mars",
    "AWS_DEFAULT_REGION": "not a region",
    "AWS_CONFIG_FILE": "/nonexistent/config",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent/credentials",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_USE_DUALSTACK_ENDPOINT": "true",
    "AWS_CA_BUNDLE": "/nonexistent/bundle.pem",
    "AWS_MAX_ATTEMPTS": "banana",
    "AWS_RETRY_MODE": "banana",
    "AWS_STS_REGIONAL_ENDPOINTS": "banana",
    "AWS_DEFAULTS_MODE": "banana",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_EC2_METADATA_DISABLED": "false",
    "AWS_METADATA_SERVICE_TIMEOUT": "banana",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": _NOBODY,
    "AWS_DATA_PATH": "/nonexistent",
    "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT": "banana",
    "AWS_REQUEST_CHECKSUM_CALCULATION": "banana",
    "AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES": "banana",
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": "required",
    "AWS_LAMBDA_FUNCTION_NAME": "another",
    "BOTO_CONFIG": "/nonexistent/boto.cfg",
    # Proxies and certificates.
    "HTTP_PROXY": _NOBODY,
    "http_proxy": _NOBODY,
    "HTTPS_PROXY": _NOBODY,
    "ALL_PROXY": _NOBODY,
    "NO_PROXY": "example.org",
    "REQUESTS_CA_BUNDLE": "/nonexistent/bundle.pem",
    "CURL_CA_BUNDLE": "/nonexistent/bundle.pem",
    "SSL_CERT_FILE": "/nonexistent/bundle.pem",
    # The language, the place, the user.
    "LANG": "banana",
    "LC_ALL": "xx_XX.banana",
    "LC_CTYPE": "POSIX",
    "TZ": "Mars/Phobos",
    "HOME": "/nonexistent",
    "TMPDIR": "/nonexistent",
    "XDG_CONFIG_HOME": "/nonexistent",
    "USER": "",
    # Shells and make.
    "BASH_ENV": "/nonexistent",
    "ENV": "/nonexistent",
    "MAKEFLAGS": "-j8",
    "MAKELEVEL": "7",
    # Python, with which the runner itself starts; what keeps it from that is in test_makefile.py.
    "PYTHONWARNINGS": "ignore",
    "PYTHONOPTIMIZE": "2",
    "PYTHONIOENCODING": "latin-1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "COVERAGE_PROCESS_START": "/nonexistent",
    # The libraries that the runner, the store and the functions use.
    "OMP_NUM_THREADS": "banana",
    "WEB_CONCURRENCY": "3",
    "WERKZEUG_RUN_MAIN": "true",
    "WERKZEUG_SERVER_FD": "77",
    "FLASK_DEBUG": "1",
    "INITIAL_NO_AUTH_ACTION_COUNT": "0",
    "MOTO_S3_CUSTOM_ENDPOINTS": _NOBODY,
    "TEST_SERVER_MODE": "true",
    # As good as not set.
    "AWS_ENDPOINT_URL": "",
    "LIFEBOAT_STORE": "",
}


def stray_settings(folder: Path) -> dict[str, dict[str, str]]:
    """The settings by their names. In `folder` are the files that some of them name."""
    home = folder / "home"
    (home / ".aws").mkdir(parents=True)
    (home / ".aws" / "config").write_text(_CONFIG)
    (folder / "config").write_text(_CONFIG)
    (folder / "garbage").write_text("[default\n\0 = \n")
    several = {
        "expired temporary credentials": {
            "AWS_ACCESS_KEY_ID": "ASIAEXPIRED",
            "AWS_SECRET_ACCESS_KEY": "expired",
            "AWS_SESSION_TOKEN": "expired",
        },
        "a role without its token": {
            "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/r",
            "AWS_WEB_IDENTITY_TOKEN_FILE": "/nonexistent/token",
        },
        "an endpoint in ~/.aws/config": {"HOME": str(home)},
        "an endpoint in the file of settings": {"AWS_CONFIG_FILE": str(folder / "config")},
        "a file of credentials that is garbage": {"AWS_SHARED_CREDENTIALS_FILE": str(folder / "garbage")},
        "no home": {"HOME": ""},
        "a latin locale": {"LC_ALL": "en_US.ISO-8859-1"},
    }
    return {name: {name: value} for name, value in _ONE_EACH.items()} | several


# Those that the issue on strangers' shells names: each is tried alone.
REPORTED = (
    "AWS_ENDPOINT_URL_S3",
    "AWS_PROFILE",
    "expired temporary credentials",
    "an endpoint in ~/.aws/config",
)


def groups(settings: dict[str, dict[str, str]]) -> list[dict[str, str]]:
    """All settings in as few environments as can be: one variable has one value in each."""
    found: list[dict[str, str]] = []
    for setting in settings.values():
        for group in found:
            if group.keys().isdisjoint(setting):
                group.update(setting)
                break
        else:
            found.append(dict(setting))
    return found
