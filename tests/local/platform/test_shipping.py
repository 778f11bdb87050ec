"""Shipping on this machine: what the template asks for, which lines are taken, and a store that goes away."""

import asyncio
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from functions.core.base.errors import StoreUnavailable
from functions.core.storage.contract import Store
from functions.core.storage.folder import FolderStore
from functions.local.platform import shipping
from functions.local.platform.shipments import Shipment
from functions.local.platform.template import read_template

TEMPLATE = """
Resources:
  Store: {Type: AWS::S3::Bucket}
  Logs: {Type: AWS::Logs::LogGroup}
  F:
    Type: AWS::Serverless::Function
    Properties:
      Handler: a.handler
      LoggingConfig: {LogGroup: !Ref Logs}
  Filter:
    Type: AWS::Logs::SubscriptionFilter
    Properties:
      LogGroupName: !Ref Logs
      FilterPattern: '{ $.message = "a thing" }'
      DestinationArn: !GetAtt Stream.Arn
  Stream:
    Type: AWS::KinesisFirehose::DeliveryStream
    Properties:
      DeliveryStreamName: !Sub things-${AWS::Region}
      ExtendedS3DestinationConfiguration:
        BucketARN: !GetAtt Store.Arn
        Prefix: things/day=!{timestamp:yyyy/MM/dd}/hour=!{timestamp:HH}/
        FileExtension: .jsonl
"""
SHIPMENT = Shipment(
    function="F",
    messages=("a thing",),
    stream="things-us-east-1",
    prefix="things/day=%Y/%m/%d/hour=%H/",
    extension=".jsonl",
)
THING = '{"message": "a thing", "number": 1}'


def shipments(path: Path, template: str) -> tuple[Shipment, ...]:
    path.write_text(template)
    return read_template(path).shipments


def test_a_shipment_is_read_from_the_subscription_and_its_stream(tmp_path: Path) -> None:
    assert shipments(tmp_path / "template.yaml", TEMPLATE) == (SHIPMENT,)


ONE_OF_TWO = TEMPLATE.replace(
    '{ $.message = "a thing" }', '{ ($.message = "a thing") || ($.message = "another") }'
)


def test_lines_of_two_messages_go_into_the_same_objects(tmp_path: Path) -> None:
    [shipment] = shipments(tmp_path / "template.yaml", ONE_OF_TWO)
    store = FolderStore(str(tmp_path / "store"))
    lines = [THING, '{"message": "another"}']
    assert ship(store, *lines, shipment=shipment) == []
    [entry] = store.list("")
    assert store.get(entry.key).body.decode().splitlines() == lines
    assert not shipping.Shipper(store, shipment, lambda _: None).take("F", '{"message": "a thing|another"}')


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("$.message =", "$.level !=", "filter pattern"),
        ('"a thing"', '"a thing" || $.message = "another"', "filter pattern"),
        ("timestamp:HH", "timestamp:hh", "not a time"),
        ("timestamp:yyyy", "timestamp:EEEE", "not a time"),
    ],
)
def test_what_is_not_understood_is_an_error(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        shipments(tmp_path / "template.yaml", TEMPLATE.replace(old, new))


@pytest.mark.parametrize(
    ("function", "line", "taken"),
    [
        ("F", THING, True),
        ("F", '{"level":"INFO","message":"a thing"}', True),
        ("G", THING, False),
        ("F", '{"message": "another thing"}', False),
        ("F", "Traceback: a thing", False),
        ("F", '{"message": "other", "error": "{\\"message\\": \\"a thing\\"}"}', False),
    ],
)
def test_lines_of_that_message_and_function_are_taken(
    whole_store: Store, function: str, line: str, taken: bool
) -> None:
    shipper = shipping.Shipper(whole_store, SHIPMENT, lambda _: None)
    assert shipper.take(function, line) is taken


def ship(store: Store, *lines: str, seconds: float = 0, shipment: Shipment = SHIPMENT) -> list[str]:
    """Ship `lines` of F, and wait before the end. Returns what was said of trouble."""
    said: list[str] = []

    async def go() -> None:
        async with shipping.shipping(store, shipment, said.append) as shipper:
            for line in lines:
                assert shipper.take("F", line)
            await asyncio.sleep(seconds)

    asyncio.run(go())
    return said


def test_lines_go_into_one_object_in_the_folder_of_their_hour_at_the_end(whole_store: Store) -> None:
    before = datetime.now(UTC)
    assert ship(whole_store, THING, THING.replace("1", "é")) == []
    [entry] = whole_store.list("")
    assert re.fullmatch(
        r"things/day=\d{4}/\d\d/\d\d/hour=\d\d/things-us-east-1-1-[\d-]{19}-[0-9a-f-]{36}\.jsonl", entry.key
    )
    assert entry.key.startswith(before.strftime("things/day=%Y/%m/%d/"))
    assert whole_store.get(entry.key).body.decode() == THING + "\n" + THING.replace("1", "é") + "\n"


def test_nothing_to_ship_leaves_nothing(whole_store: Store) -> None:
    assert ship(whole_store) == []
    assert list(whole_store.list("")) == []


def test_lines_are_shipped_while_others_are_still_to_come(
    whole_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipping, "SECONDS", 0.02)

    def wait_for(number: int) -> None:
        deadline = time.monotonic() + 10
        while len(list(whole_store.list(""))) < number:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    async def go() -> None:
        async with shipping.shipping(whole_store, SHIPMENT, lambda _: None) as shipper:
            for number in (1, 2):
                shipper.take("F", THING)
                await asyncio.to_thread(wait_for, number)

    asyncio.run(go())


class Away(FolderStore):
    """A store that is out of reach the first times it is written to."""

    times = 0

    def put(self, key: str, body: bytes) -> Any:
        self.times -= 1
        if self.times >= 0:
            raise StoreUnavailable("the store could not be reached")
        return super().put(key, body)


def test_a_store_that_is_away_for_a_moment_loses_no_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipping, "SECONDS", 0.02)
    store = Away(str(tmp_path))
    store.times = 2
    assert (
        ship(store, THING, THING, seconds=0.5)
        == ["2 lines of the log are not shipped yet: the store could not be reached"] * 2
    )
    [entry] = store.list("")
    assert store.get(entry.key).body.decode() == (THING + "\n") * 2


def test_lines_that_cannot_be_shipped_until_the_end_are_said_to_be_lost(tmp_path: Path) -> None:
    store = Away(str(tmp_path))
    store.times = 9
    said = ship(store, THING)
    assert said[-1] == "1 lines of the log are lost: they could not be shipped in time"
