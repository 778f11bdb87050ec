"""What template.yaml declares: functions, what invokes them, what is shipped; every reference resolved."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from functions.local.platform.safe_loader import SafeLoader
from functions.local.platform.shipments import Shipment, read_shipments

ACCOUNT = "123456789012"


@dataclass(frozen=True, slots=True)
class Function:
    """A Lambda function. `timeout` in seconds, `memory` in MB, `retries` of asynchronous invocations."""

    id: str
    name: str
    handler: str
    environment: Mapping[str, str]
    timeout: float
    memory: int
    retries: int


@dataclass(frozen=True, slots=True)
class Route:
    """A route of the HTTP API, such as `POST /predict`; `$default` takes what no other route takes.

    `authorizer` is the function asked before `function` is; None for a route that is open.
    """

    method: str
    path: str
    function: str
    authorizer: str | None = None

    @property
    def key(self) -> str:
        return self.path if self.path == "$default" else f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Cors:
    """Pages of which other sites may call the API: `CorsConfiguration`, as API Gateway takes it."""

    origins: tuple[str, ...]
    methods: tuple[str, ...]
    headers: tuple[str, ...]
    exposed: tuple[str, ...]
    max_age: int | None


@dataclass(frozen=True, slots=True)
class UploadTrigger:
    """Objects created below `prefix`, whose keys end with `suffix`, invoke `function`."""

    id: str
    function: str
    prefix: str = ""
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Schedule:
    """`function` is invoked when `expression` says so."""

    id: str
    function: str
    expression: str


@dataclass(frozen=True, slots=True)
class Template:
    functions: Mapping[str, Function]
    routes: tuple[Route, ...]
    uploads: tuple[UploadTrigger, ...]
    schedules: tuple[Schedule, ...]
    shipments: tuple[Shipment, ...]
    cors: Cors | None = None
    """None: of no other site."""


def read_template(path: Path, *, region: str = "us-east-1", **parameters: str) -> Template:
    """Read a SAM template; `parameters` stand in for the defaults of its parameters.

    Raises `ValueError` for a reference or an intrinsic function that cannot be resolved here, and for a
    parameter that there is not, or that the template does not allow.
    """
    document = read_document(path)
    _check_parameters(document.get("Parameters", {}), parameters)
    resolve = _Resolver(document, region, parameters)
    common = document.get("Globals", {}).get("Function", {})
    functions: dict[str, Function] = {}
    routes: list[Route] = []
    uploads: list[UploadTrigger] = []
    schedules: list[Schedule] = []
    for id_, resource in document["Resources"].items():
        if resource["Type"] != "AWS::Serverless::Function" or not resolve.exists(resource):
            continue
        properties = resource["Properties"]
        functions[id_] = _function(id_, properties, common, resolve)
        for event_id, event in properties.get("Events", {}).items():
            details = event.get("Properties", {})
            match event["Type"]:
                case "HttpApi":
                    method = str(details.get("Method", "ANY")).upper()
                    authorizer = _authorizer(details, document["Resources"], resolve)
                    routes.append(Route(method, details.get("Path", "$default"), id_, authorizer))
                case "S3" if _created(resolve(details["Events"])):
                    rules = resolve(details).get("Filter", {}).get("S3Key", {}).get("Rules", [])
                    filters = {rule["Name"]: rule["Value"] for rule in rules}
                    uploads.append(UploadTrigger(event_id, id_, **filters))
                case "Schedule":
                    schedules.append(Schedule(event_id, id_, resolve(details)["Schedule"]))
    shipments = tuple(read_shipments(document["Resources"], resolve))
    cors = _cors(document["Resources"], resolve)
    return Template(functions, tuple(routes), tuple(uploads), tuple(schedules), shipments, cors)


def read_document(path: Path) -> dict[str, Any]:
    """A template as it is written, short forms of CloudFormation in long ones: no reference is resolved."""
    document: dict[str, Any] = _Loader(path.read_text()).get_single_data()
    return document


def _check_parameters(declared: Mapping[str, Any], given: Mapping[str, str]) -> None:
    """Raises `ValueError` for what CloudFormation would refuse as well."""
    if unknown := given.keys() - declared.keys():
        raise ValueError(f"the template has no parameter {', '.join(sorted(unknown))}")
    for name, value in given.items():
        if not re.fullmatch(declared[name].get("AllowedPattern", ".*"), value):
            raise ValueError(f"{name} is {value!r}: say {declared[name]['ConstraintDescription']}")


def _cors(resources: Mapping[str, Any], resolve: "_Resolver") -> Cors | None:
    for resource in resources.values():
        if resource["Type"] == "AWS::Serverless::HttpApi":
            if not (declared := resolve(resource.get("Properties", {}).get("CorsConfiguration"))):
                return None
            return Cors(
                origins=tuple(declared["AllowOrigins"]),
                methods=tuple(declared.get("AllowMethods", ())),
                headers=tuple(declared.get("AllowHeaders", ())),
                exposed=tuple(declared.get("ExposeHeaders", ())),
                max_age=declared.get("MaxAge"),
            )
    return None


def _function(id_: str, properties: dict[str, Any], common: dict[str, Any], resolve: "_Resolver") -> Function:
    settings = {**common, **properties}
    variables = {
        **common.get("Environment", {}).get("Variables", {}),
        **properties.get("Environment", {}).get("Variables", {}),
    }
    return Function(
        id=id_,
        name=resolve(settings.get("FunctionName", id_)),
        handler=resolve(settings["Handler"]),
        environment={key: _text(value) for key, value in resolve(variables).items()},
        timeout=float(resolve(settings.get("Timeout", 3))),
        memory=int(resolve(settings.get("MemorySize", 128))),
        retries=int(resolve(settings.get("EventInvokeConfig", {}).get("MaximumRetryAttempts", 2))),
    )


def _authorizer(event: dict[str, Any], resources: dict[str, Any], resolve: "_Resolver") -> str | None:
    """The function that authorizes an HttpApi event: its own, or its API's default, unless it says NONE."""
    api = resources.get(resolve(event.get("ApiId", "")), {})
    auth = api.get("Properties", {}).get("Auth", {})
    name = event.get("Auth", {}).get("Authorizer") or auth.get("DefaultAuthorizer")
    if name in {None, "NONE"}:
        return None
    arn: str = resolve(auth["Authorizers"][name]["FunctionArn"])
    return arn.partition(".")[0]


def _created(events: str | list[str]) -> bool:
    """Whether a put, which is how this project uploads, is among the S3 events named."""
    names = [events] if isinstance(events, str) else events
    return any(name in {"s3:ObjectCreated:*", "s3:ObjectCreated:Put"} for name in names)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


class _Resolver:
    """Replaces those of CloudFormation's intrinsic functions that are used by what they come to here."""

    def __init__(self, document: dict[str, Any], region: str, parameters: Mapping[str, str]) -> None:
        declared = document.get("Parameters", {})
        self._conditions = document.get("Conditions", {})
        self._names: dict[str, Any] = {
            "AWS::AccountId": ACCOUNT,
            "AWS::Region": region,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::NoValue": None,
            **{name: parameters.get(name, details.get("Default")) for name, details in declared.items()},
        }
        # A resource that exists only in the cloud goes by its logical id here.
        for id_ in document["Resources"]:
            self._names.setdefault(id_, id_)

    def __call__(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self(item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            name, argument = next(iter(value.items()))
            if name == "Condition" and isinstance(argument, str):
                return self._holds(argument)
            if name == "Ref" or name.startswith("Fn::"):
                return self._intrinsic(name, argument)
        # `AWS::NoValue` leaves out what it is the value of.
        return {key: resolved for key, item in value.items() if (resolved := self(item)) is not None}

    def _intrinsic(self, name: str, argument: Any) -> Any:
        match name:
            case "Ref":
                return self._name(argument)
            case "Fn::Sub":
                return re.sub(r"\$\{([^{}]+)\}", lambda match: self._attribute(match[1].strip()), argument)
            case "Fn::GetAtt":
                return self._attribute(argument)
            case "Fn::If":
                condition, when_true, when_false = argument
                return self(when_true if self._holds(condition) else when_false)
            case "Fn::Equals":
                left, right = self(argument)
                return str(left) == str(right)
            case "Fn::Not":
                return not self(argument)[0]
            case "Fn::And":
                return all(self(argument))
            case "Fn::Split":
                separator, text = self(argument)
                return text.split(separator)
        raise ValueError(f"{name} cannot be resolved locally")

    def exists(self, resource: Mapping[str, Any]) -> bool:
        """Whether a resource is made, with these parameters."""
        return "Condition" not in resource or self._holds(resource["Condition"])

    def _holds(self, condition: str) -> bool:
        if condition not in self._conditions:
            raise ValueError(f"the template has no condition {condition}")
        return bool(self(self._conditions[condition]))

    def _attribute(self, name: str) -> str:
        """What `Name`, or `Id.Attribute`, comes to, as text."""
        if name in self._names:
            return str(self._names[name])
        id_, dot, attribute = name.partition(".")
        return f"{self._name(id_)}{dot}{attribute}"

    def _name(self, name: str) -> Any:
        if name not in self._names:
            raise ValueError(f"the template has no parameter or resource {name}")
        return self._names[name]


class _Loader(SafeLoader):
    """YAML with CloudFormation's short forms: `!Sub x` reads as `{"Fn::Sub": "x"}`."""


def _short_form(loader: SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        raise ValueError(f"!{suffix} cannot be read:{node.start_mark}")
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)
