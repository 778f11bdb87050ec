"""What template.yaml has shipped from logs to the store: subscriptions, and the streams they lead to."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# Of CloudWatch's patterns for JSON lines, those that are used: a message of this text, or of one of these.
_IS = r'\$\.message = "([\w ]+)"'
_PATTERN = re.compile(rf"\{{ (?:{_IS}|\({_IS}\)(?: \|\| \({_IS}\))+) \}}")
# What Firehose puts in for the time, in Java's letters, and the same in Python's.
_TIME = re.compile(r"!\{timestamp:([^}]*)\}")
_LETTERS = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H"}


@dataclass(frozen=True, slots=True)
class Shipment:
    """JSON lines of a function's log whose `message` is one of these go to the store, many to an object.

    `prefix` begins the objects' keys and is for `strftime`; `stream` stands in them, `extension` ends them.
    """

    function: str
    messages: tuple[str, ...]
    stream: str
    prefix: str
    extension: str


def read_shipments(resources: Mapping[str, Any], resolve: Callable[[Any], Any]) -> Iterator[Shipment]:
    """The shipments among a template's resources, whose references `resolve` replaces.

    Raises `ValueError` for a filter pattern or a prefix that is not understood here.
    """
    writers = {
        resolve(resource["Properties"]["LoggingConfig"]["LogGroup"]): id_
        for id_, resource in resources.items()
        if "LogGroup" in resource.get("Properties", {}).get("LoggingConfig", {})
    }
    for resource in resources.values():
        if resource["Type"] == "AWS::Logs::SubscriptionFilter":
            properties = resolve(resource["Properties"])
            if not _PATTERN.fullmatch(pattern := properties["FilterPattern"]):
                raise ValueError(f"not a filter pattern that is understood here: {pattern}")
            stream = resolve(resources[properties["DestinationArn"].removesuffix(".Arn")]["Properties"])
            place = stream["ExtendedS3DestinationConfiguration"]
            yield Shipment(
                function=writers[properties["LogGroupName"]],
                messages=tuple(re.findall(_IS, pattern)),
                stream=stream["DeliveryStreamName"],
                prefix=_TIME.sub(_for_strftime, place["Prefix"]),
                extension=place["FileExtension"],
            )


def _for_strftime(match: re.Match[str]) -> str:
    pattern = re.sub("|".join(_LETTERS), lambda letters: _LETTERS[letters[0]], match[1])
    if re.search(r"(?<!%)[A-Za-z]", pattern):
        raise ValueError(f"not a time that is understood here: {match[0]}")
    return pattern
