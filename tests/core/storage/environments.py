"""Environments in which a store on AWS is opened: in some of them the reader finds it without the SDK."""

from dataclasses import dataclass, field

from tests.support.aws_environment import CREDENTIALS, REGION

PLAIN = {**CREDENTIALS, **REGION}
LAMBDA = {
    **PLAIN,
    "AWS_SESSION_TOKEN": "IQoJb3JpZ2luX2VjEXAMPLE//token==",
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
    "AWS_LAMBDA_FUNCTION_NAME": "lifeboat-dev-predict",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
    "AWS_LAMBDA_FUNCTION_VERSION": "7",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/lifeboat-dev-predict",
    "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/01/[7]0123",
    "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
    "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
    "AWS_XRAY_DAEMON_ADDRESS": "169.254.79.129:2000",
    # As template.yaml sets it.
    "AWS_ENDPOINT_URL": "",
}
LOCAL = {
    **REGION,
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9000",
    "NO_PROXY": "127.0.0.1",
    "no_proxy": "127.0.0.1",
    "AWS_LAMBDA_FUNCTION_NAME": "predict",
}
CONFIG_FILE = "[default]\nregion = us-west-2\n"
KEY_FILE = "[default]\naws_access_key_id = A\naws_secret_access_key = B\n"
ELSEWHERE = "[default]\nendpoint_url = http://from.mine:1\n"
PROXY = "http://proxy.example:3128"


@dataclass(frozen=True)
class Case:
    """environment: variables, in which {home} stands for a folder; files: below it; taken: by the reader."""

    environment: dict[str, str]
    taken: bool
    files: dict[str, str] = field(default_factory=dict)
    bucket: str = "bucket"


def without(*names: str) -> dict[str, str]:
    return {name: value for name, value in PLAIN.items() if name not in names}


def config(text: str, **environment: str) -> Case:
    """A file of settings where the SDK looks for it. The reader leaves it to the SDK, whatever it says."""
    return Case({**PLAIN, **environment}, taken=False, files={".aws/config": text})


CASES = {
    # Where it is taken.
    "Lambda": Case(LAMBDA, taken=True),
    "Lambda in us-east-1": Case(
        {**LAMBDA, "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}, taken=True
    ),
    "Lambda in China": Case(
        {**LAMBDA, "AWS_REGION": "cn-north-1", "AWS_DEFAULT_REGION": "cn-north-1"}, taken=True
    ),
    "Lambda in a region the SDK may not know": Case(
        {**PLAIN, "AWS_DEFAULT_REGION": "ap-southeast-9"}, taken=True
    ),
    "Lambda in Mexico": Case({**PLAIN, "AWS_DEFAULT_REGION": "mx-central-1"}, taken=True),
    "Lambda with its own certificates": Case(
        {**LAMBDA, "SSL_CERT_FILE": "/var/runtime/ca-cert.pem"}, taken=True
    ),
    "SAM's emulator": Case(
        {**LAMBDA, "AWS_SAM_LOCAL": "true", "AWS_ENDPOINT_URL": "http://172.17.0.1:9000"}, taken=True
    ),
    "the local runner": Case(LOCAL, taken=True),
    "the local runner behind a proxy": Case({**LOCAL, "HTTP_PROXY": PROXY, "https_proxy": PROXY}, taken=True),
    "the local runner, home with other files of AWS": Case(
        LOCAL, taken=True, files={".aws/sso/cache/a.json": "{}"}
    ),
    "files named that are not there": Case(
        {**PLAIN, "AWS_CONFIG_FILE": "{home}/none", "AWS_SHARED_CREDENTIALS_FILE": "~/none"}, taken=True
    ),
    "the null device for files": Case(
        {**PLAIN, "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"},
        taken=True,
        files={".aws/config": CONFIG_FILE, ".aws/credentials": "[default]\n"},
    ),
    "an empty name for files": Case(
        {**PLAIN, "AWS_CONFIG_FILE": "", "AWS_SHARED_CREDENTIALS_FILE": ""},
        taken=True,
        files={".aws/config": CONFIG_FILE},
    ),
    "an endpoint for S3 goes first": Case(
        {**PLAIN, "AWS_ENDPOINT_URL_S3": "http://s3.here:1", "AWS_ENDPOINT_URL": "http://all.here:2"},
        taken=True,
    ),
    "an empty endpoint for S3": Case(
        {**PLAIN, "AWS_ENDPOINT_URL_S3": "", "AWS_ENDPOINT_URL": "http://all.here:2"}, taken=True
    ),
    "an endpoint of another service": Case(
        {**PLAIN, "AWS_ENDPOINT_URL_SSM": "http://ssm.here:1"}, taken=True
    ),
    "an endpoint with a path": Case(
        {**PLAIN, "AWS_ENDPOINT_URL": "https://store.example/s3/here"}, taken=True
    ),
    "an endpoint with a slash": Case({**PLAIN, "AWS_ENDPOINT_URL": "https://store.example/"}, taken=True),
    "an endpoint with a path and a slash": Case(
        {**PLAIN, "AWS_ENDPOINT_URL": "https://store.example:8443/s3/"}, taken=True
    ),
    "an endpoint that is Amazon's": Case(
        {**PLAIN, "AWS_ENDPOINT_URL": "https://s3.eu-west-1.amazonaws.com"}, taken=True
    ),
    "a bundle of certificates without TLS": Case({**LOCAL, "AWS_CA_BUNDLE": "/etc/ours.pem"}, taken=True),
    "two regions": Case({**PLAIN, "AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": "eu-west-1"}, taken=True),
    "only the default region": Case(without("AWS_REGION"), taken=True),
    "an empty session token": Case({**PLAIN, "AWS_SESSION_TOKEN": ""}, taken=True),
    "no_proxy goes before NO_PROXY": Case(
        {
            **PLAIN,
            "AWS_ENDPOINT_URL": "http://a.here:1",
            "no_proxy": "a.here",
            "NO_PROXY": "b",
            "http_proxy": PROXY,
        },
        taken=True,
    ),
    "a bucket with dots": Case(LAMBDA, taken=True, bucket="my.own.bucket"),
    "a bucket with a name of digits": Case(LAMBDA, taken=True, bucket="123"),
    "no home": Case({**LAMBDA, "HOME": ""}, taken=True),
    # Regions and credentials that are not in the environment, or not as a whole.
    "only AWS_REGION": Case(without("AWS_DEFAULT_REGION"), taken=False),
    "no region": Case(without("AWS_DEFAULT_REGION", "AWS_REGION"), taken=False),
    "an empty region": Case({**PLAIN, "AWS_DEFAULT_REGION": ""}, taken=False),
    "GovCloud": Case({**PLAIN, "AWS_DEFAULT_REGION": "us-gov-west-1"}, taken=False),
    "a secret region": Case({**PLAIN, "AWS_DEFAULT_REGION": "us-iso-east-1"}, taken=False),
    "the sovereign region": Case({**PLAIN, "AWS_DEFAULT_REGION": "eusc-de-east-1"}, taken=False),
    "aws-global": Case({**PLAIN, "AWS_DEFAULT_REGION": "aws-global"}, taken=False),
    "a FIPS region": Case({**PLAIN, "AWS_DEFAULT_REGION": "fips-us-east-1"}, taken=False),
    "a region of no place": Case({**PLAIN, "AWS_DEFAULT_REGION": "nowhere"}, taken=False),
    "no key": Case(without("AWS_ACCESS_KEY_ID"), taken=False),
    "no secret": Case(without("AWS_SECRET_ACCESS_KEY"), taken=False),
    "an empty secret": Case({**PLAIN, "AWS_SECRET_ACCESS_KEY": ""}, taken=False),
    "a key with a line end": Case({**PLAIN, "AWS_ACCESS_KEY_ID": "AKID\n"}, taken=False),
    "the older name of the token": Case({**PLAIN, "AWS_SECURITY_TOKEN": "token"}, taken=False),
    "credentials that expire": Case(
        {**PLAIN, "AWS_CREDENTIAL_EXPIRATION": "2050-01-01T00:00:00Z"}, taken=False
    ),
    "credentials in the other file": Case(REGION, taken=False, files={".aws/credentials": KEY_FILE}),
    "credentials in both": Case(PLAIN, taken=False, files={".aws/credentials": KEY_FILE}),
    "a profile of the environment": Case(
        {**PLAIN, "AWS_PROFILE": "mine"},
        taken=False,
        files={".aws/config": "[profile mine]\nregion = us-west-2\n"},
    ),
    "a profile that is gone": Case({**PLAIN, "AWS_PROFILE": "gone"}, taken=False),
    "the default profile by name": Case({**PLAIN, "AWS_DEFAULT_PROFILE": "default"}, taken=False),
    # Files.
    "a region in the file": config(CONFIG_FILE),
    "only a region in the file": Case(CREDENTIALS, taken=False, files={".aws/config": CONFIG_FILE}),
    "an endpoint in the file": config("[default]\nendpoint_url = http://from.file:1\n"),
    "services in the file": config(
        "[default]\nservices = mine\n[services mine]\ns3 =\n  endpoint_url = http://from.services:1\n"
    ),
    "an endpoint in file and environment": config(
        "[default]\nendpoint_url = http://from.file:1\n", AWS_ENDPOINT_URL="http://from.environment:2"
    ),
    "dual stack in the file": config("[default]\nuse_dualstack_endpoint = true\n"),
    "FIPS in the file": config("[default]\nuse_fips_endpoint = true\n"),
    "acceleration in the file": config("[default]\ns3 =\n  use_accelerate_endpoint = true\n"),
    "addressing in the file": config("[default]\ns3 =\n  addressing_style = virtual\n"),
    "a payload that is signed": config("[default]\ns3 =\n  payload_signing_enabled = true\n"),
    "the regional name in the file": config(
        "[default]\ns3 =\n  us_east_1_regional_endpoint = regional\n", AWS_DEFAULT_REGION="us-east-1"
    ),
    "endpoints ignored in the file": config(
        "[default]\nignore_configured_endpoint_urls = true\n", AWS_ENDPOINT_URL="http://ignored:1"
    ),
    "certificates in the file": config("[default]\nca_bundle = /etc/ours.pem\n"),
    "an empty file": config(""),
    "a file that is none": config("what is this"),
    "a file by its name": Case(
        {**PLAIN, "AWS_CONFIG_FILE": "{home}/mine"}, taken=False, files={"mine": ELSEWHERE}
    ),
    "a file by the home's sign": Case(
        {**PLAIN, "AWS_CONFIG_FILE": "~/mine"}, taken=False, files={"mine": ELSEWHERE}
    ),
    "a file by a variable": Case(
        {**PLAIN, "MINE": "{home}/mine", "AWS_CONFIG_FILE": "$MINE"}, taken=False, files={"mine": ELSEWHERE}
    ),
    "the file of credentials with settings": Case(
        PLAIN,
        taken=False,
        files={".aws/credentials": "[default]\nendpoint_url = http://from.credentials:1\n"},
    ),
    "the local runner, home with settings": Case(
        LOCAL,
        taken=False,
        files={".aws/config": "[default]\nregion = us-west-2\ns3 =\n  addressing_style = virtual\n"},
    ),
    "descriptions of services": Case(
        PLAIN, taken=False, files={".aws/models/endpoints.json": '{"version": 3, "partitions": []}'}
    ),
    # Other variables.
    "dual stack": Case({**PLAIN, "AWS_USE_DUALSTACK_ENDPOINT": "true"}, taken=False),
    "no dual stack": Case({**PLAIN, "AWS_USE_DUALSTACK_ENDPOINT": "false"}, taken=False),
    "FIPS": Case({**PLAIN, "AWS_DEFAULT_REGION": "us-east-1", "AWS_USE_FIPS_ENDPOINT": "true"}, taken=False),
    "FIPS and dual stack": Case(
        {
            **PLAIN,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_USE_FIPS_ENDPOINT": "true",
            "AWS_USE_DUALSTACK_ENDPOINT": "true",
        },
        taken=False,
    ),
    "endpoints ignored": Case({**LOCAL, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, taken=False),
    "the regional name": Case(
        {**PLAIN, "AWS_DEFAULT_REGION": "us-east-1", "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT": "regional"},
        taken=False,
    ),
    "a mode of defaults": Case(
        {**PLAIN, "AWS_DEFAULT_REGION": "us-east-1", "AWS_DEFAULTS_MODE": "standard"}, taken=False
    ),
    "a path of descriptions": Case({**PLAIN, "AWS_DATA_PATH": "{home}"}, taken=False),
    "two regions for one signature": Case({**PLAIN, "AWS_SIGV4A_SIGNING_REGION_SET": "*"}, taken=False),
    "a preference for signatures": Case({**PLAIN, "AWS_AUTH_SCHEME_PREFERENCE": "sigv4a"}, taken=False),
    "a variable of tomorrow": Case({**PLAIN, "AWS_SOMETHING_NEW": "1"}, taken=False),
    # Proxies and certificates.
    "a proxy": Case({**PLAIN, "HTTPS_PROXY": PROXY}, taken=False),
    "a proxy in small letters": Case(
        {**PLAIN, "AWS_ENDPOINT_URL": "http://a.here:1", "http_proxy": PROXY}, taken=False
    ),
    "a proxy in mixed letters": Case(
        {**PLAIN, "AWS_ENDPOINT_URL": "http://a.here:1", "Http_Proxy": PROXY}, taken=False
    ),
    "a proxy for all but another": Case(
        {**PLAIN, "AWS_ENDPOINT_URL": "http://a.here:1", "http_proxy": PROXY, "no_proxy": "b.here"},
        taken=False,
    ),
    "an empty no_proxy hides NO_PROXY": Case(
        {
            **PLAIN,
            "AWS_ENDPOINT_URL": "http://a.here:1",
            "http_proxy": PROXY,
            "no_proxy": "",
            "NO_PROXY": "a.here",
        },
        taken=False,
    ),
    "certificates": Case({**PLAIN, "AWS_CA_BUNDLE": "/etc/ours.pem"}, taken=False),
    "certificates of requests": Case({**PLAIN, "REQUESTS_CA_BUNDLE": "/etc/ours.pem"}, taken=False),
    "certificates of OpenSSL": Case({**PLAIN, "SSL_CERT_FILE": "/etc/ours.pem"}, taken=False),
    # Endpoints and buckets that are something else.
    "an endpoint without a scheme": Case({**PLAIN, "AWS_ENDPOINT_URL": "store.example:9000"}, taken=False),
    "an endpoint with its scheme's port": Case(
        {**PLAIN, "AWS_ENDPOINT_URL": "https://store.example:443"}, taken=False
    ),
    "an endpoint with a port that is none": Case(
        {**PLAIN, "AWS_ENDPOINT_URL": "http://store.example:99999"}, taken=False
    ),
    "an endpoint with a user": Case(
        {**PLAIN, "AWS_ENDPOINT_URL": "http://me:secret@store.example:1"}, taken=False
    ),
    "an endpoint with a query": Case(
        {**PLAIN, "AWS_ENDPOINT_URL": "http://store.example:1/?a=b"}, taken=False
    ),
    "an endpoint in capitals": Case({**PLAIN, "AWS_ENDPOINT_URL": "HTTP://Store.Example:1"}, taken=False),
    "an endpoint with two slashes": Case(
        {**PLAIN, "AWS_ENDPOINT_URL": "http://store.example:1//a"}, taken=False
    ),
    "an endpoint by a number of six": Case({**PLAIN, "AWS_ENDPOINT_URL": "http://[::1]:9000"}, taken=False),
    "an endpoint of another kind": Case({**PLAIN, "AWS_ENDPOINT_URL": "file:///store"}, taken=False),
    "an express bucket": Case(LAMBDA, taken=False, bucket="fast--euc1-az1--x-s3"),
    "an alias of an access point": Case(
        LAMBDA, taken=False, bucket="mine-abcdefghijklmnopqrstuvwxyz-s3alias"
    ),
    "an access point": Case(
        LAMBDA, taken=False, bucket="arn:aws:s3:eu-central-1:123456789012:accesspoint:mine"
    ),
    "a bucket with capitals": Case(LAMBDA, taken=False, bucket="Mine"),
}
