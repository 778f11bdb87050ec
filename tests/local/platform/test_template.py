"""Reading a SAM template: references, routes, triggers, schedules."""

from collections.abc import Callable
from pathlib import Path

import pytest

from functions.local.platform.template import Route, Schedule, Template, UploadTrigger, read_template
from tests.support.declared import TEMPLATE

Read = Callable[..., Template]

HEAD = """
Conditions:
  IsDev: !Equals [!Ref Stage, dev]
  IsNotDev: !Not [!Equals [!Ref Stage, dev]]
Parameters:
  Stage: {Type: String, Default: dev, AllowedPattern: "[a-z]+", ConstraintDescription: lower-case letters}
  Log: {Type: Number, Default: 30}
Globals:
  Function:
    Timeout: 7
    Environment: {Variables: {SHARED: "1", ONE: global}}
Resources:
  Queue: {Type: AWS::SQS::Queue}
  F:
    Type: AWS::Serverless::Function
    Properties:
      Handler: a.b.handler
"""


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def read(properties: str, **parameters: str) -> Template:
        path = tmp_path / "template.yaml"
        path.write_text(HEAD + "".join(f"      {line}\n" for line in properties.strip().splitlines()))
        return read_template(path, **parameters)

    return read


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("!Ref Stage", "dev"),
        ("!Ref AWS::Region", "us-east-1"),
        ("!Ref Log", "30"),
        ("!Sub 's3://b-${Stage}-${AWS::AccountId}'", "s3://b-dev-123456789012"),
        ("!Sub '${Queue.Arn}'", "Queue.Arn"),
        ("{'Fn::Sub': '${Queue.Arn}'}", "Queue.Arn"),
        ("!GetAtt Queue.Arn", "Queue.Arn"),
        ("true", "true"),
        ("!If [IsDev, a, b]", "a"),
        ("!If [IsNotDev, a, !Ref Log]", "30"),
        ("!If [IsNotDev, a, !If [IsDev, c, d]]", "c"),
    ],
)
def test_references_are_resolved(read: Read, value: str, expected: str) -> None:
    template = read(f"Environment: {{Variables: {{ONE: {value}}}}}")
    assert template.functions["F"].environment == {"SHARED": "1", "ONE": expected}


def test_parameters_can_be_given(read: Read) -> None:
    template = read("FunctionName: !Sub 'f-${Stage}'", Stage="prod")
    assert template.functions["F"].name == "f-prod"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("!Ref Nothing", "no parameter or resource Nothing"),
        ("!Sub '${Nothing.Arn}'", "no parameter or resource Nothing"),
        ("!ImportValue x", "Fn::ImportValue cannot be resolved"),
        ("!If [IsProd, a, b]", "no condition IsProd"),
        ("!Transform {Name: x}", "!Transform cannot be read"),
    ],
)
def test_what_cannot_be_resolved_is_said(read: Read, value: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(f"FunctionName: {value}")


@pytest.mark.parametrize(
    ("condition", "stage", "expected"),
    [
        ("!Equals [!Ref Stage, prod]", "prod", "one"),
        ("!Equals [!Ref Stage, prod]", "dev", "other"),
        ("!Not [!Equals [!Ref Stage, prod]]", "dev", "one"),
        ("!And [!Condition Always, !Equals [!Ref Stage, prod]]", "prod", "one"),
        ("!And [!Condition Always, !Equals [!Ref Stage, prod]]", "dev", "other"),
    ],
)
def test_conditions_are_decided(tmp_path: Path, condition: str, stage: str, expected: str) -> None:
    path = tmp_path / "template.yaml"
    conditions = f"Conditions:\n  Always: !Not [!Equals [a, b]]\n  IsSo: {condition}\n"
    head = HEAD.replace("Conditions:\n", conditions)
    path.write_text(head + "      FunctionName: !If [IsSo, one, other]\n")
    assert read_template(path, Stage=stage).functions["F"].name == expected


def test_what_has_no_value_is_left_out(read: Read) -> None:
    template = read("Environment: {Variables: {ONE: !If [IsNotDev, 1, !Ref AWS::NoValue], TWO: 2}}")
    assert template.functions["F"].environment == {"SHARED": "1", "TWO": "2"}


def test_a_parameter_that_the_template_does_not_allow_is_refused_in_its_words(read: Read) -> None:
    with pytest.raises(ValueError, match="Stage is 'Prod': say lower-case letters"):
        read("MemorySize: 1", Stage="Prod")


@pytest.mark.parametrize(
    ("origins", "expected"),
    [
        ("", None),
        ("*", ("*",)),
        ("http://localhost:5173,https://example.org", ("http://localhost:5173", "https://example.org")),
    ],
)
def test_sites_are_allowed_by_a_parameter_and_none_without_it(
    origins: str, expected: tuple[str, ...] | None
) -> None:
    cors = read_template(TEMPLATE, AllowedOrigins=origins).cors
    assert (cors and cors.origins) == expected


def test_a_site_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="AllowedOrigins is 'localhost:5173': say origins such as https"):
        read_template(TEMPLATE, AllowedOrigins="localhost:5173")


def test_an_unknown_parameter_is_refused(read: Read) -> None:
    with pytest.raises(ValueError, match="no parameter Stagee"):
        read("MemorySize: 1", Stagee="prod")


def test_globals_and_defaults_fill_in_what_a_function_leaves_out(read: Read) -> None:
    function = read("MemorySize: 512").functions["F"]
    assert (function.name, function.timeout, function.memory, function.retries) == ("F", 7.0, 512, 2)


API = """
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      Auth:
        DefaultAuthorizer: Keys
        Authorizers:
          Keys: {FunctionArn: !GetAtt Authorize.Arn}
          Other: {FunctionArn: !Sub '${Other.Arn}'}
  Authorize: {Type: AWS::Lambda::Function}
  Other: {Type: AWS::Lambda::Function}
"""


def test_a_route_is_authorized_by_its_own_function_or_by_its_apis(tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(
        HEAD
        + """\
      Events:
        Closed: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: GET, Path: /closed}}
        Own: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: /own, Auth: {Authorizer: Other}}}
        Open: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: /open, Auth: {Authorizer: NONE}}}
        Elsewhere: {Type: HttpApi, Properties: {Path: /elsewhere}}
"""
        + API
    )
    routes = {route.path: route.authorizer for route in read_template(path).routes}
    assert routes == {"/closed": "Authorize", "/own": "Other", "/open": None, "/elsewhere": None}


def test_routes_triggers_and_schedules_are_found(read: Read) -> None:
    template = read("""
Events:
  One: {Type: HttpApi, Properties: {Method: get, Path: /one}}
  Rest: {Type: HttpApi}
  Up:
    Type: S3
    Properties:
      Bucket: !Ref Queue
      Events: [s3:ObjectCreated:*]
      Filter: {S3Key: {Rules: [{Name: prefix, Value: in/}, {Name: suffix, Value: .csv}]}}
  Down: {Type: S3, Properties: {Bucket: !Ref Queue, Events: s3:ObjectRemoved:*}}
  Weekly: {Type: Schedule, Properties: {Schedule: rate(7 days)}}
""")
    assert template.routes == (Route("GET", "/one", "F"), Route("ANY", "$default", "F"))
    assert [route.key for route in template.routes] == ["GET /one", "$default"]
    assert template.uploads == (UploadTrigger("Up", "F", "in/", ".csv"),)
    assert template.schedules == (Schedule("Weekly", "F", "rate(7 days)"),)
