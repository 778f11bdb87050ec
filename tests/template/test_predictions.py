"""The prediction log in template.yaml: where lines are shipped, in what form, and how much of it is read."""

from datetime import UTC, datetime

import pytest

from functions.core.predictions.records import READ_AT_ONCE, folder
from functions.core.predictions.writing import MESSAGE, REFUSAL
from functions.feedback.selection import MAX_PERIOD, Filters
from functions.feedback.service import FeedbackSettings
from functions.local.platform.template import read_template
from functions.predict.service import PredictSettings
from tests.support.declared import RESOURCES, TEMPLATE, of_type

FUNCTIONS = dict(of_type("AWS::Serverless::Function"))
PLACE = RESOURCES["PredictionStream"]["Properties"]["ExtendedS3DestinationConfiguration"]
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
# What functions/feedback/service.py reckons with.
SECONDS_A_LISTING, SECONDS_A_GET, SECONDS_A_RECORD, BYTES = 0.05, 0.025, 30e-6, 400


def test_predictions_are_shipped_to_where_they_are_looked_for() -> None:
    [shipment] = read_template(TEMPLATE).shipments
    moment = datetime(2026, 11, 21, 16, 46, tzinfo=UTC)
    assert moment.strftime(shipment.prefix) == folder(moment)
    assert (shipment.function, shipment.messages) == ("PredictFunction", (MESSAGE, REFUSAL))
    assert shipment.extension == ".jsonl"


def test_lines_come_out_of_the_stream_as_they_were_written() -> None:
    processors = {one["Type"]: one["Parameters"] for one in PLACE["ProcessingConfiguration"]["Processors"]}
    assert list(processors) == ["Decompression", "CloudWatchLogProcessing", "AppendDelimiterToRecord"]
    [delimiter] = processors["AppendDelimiterToRecord"]
    # Two characters: what Firehose takes for a line break.
    assert delimiter == {"ParameterName": "Delimiter", "ParameterValue": r"\n"}
    assert PLACE["CompressionFormat"] == "UNCOMPRESSED"
    # Firehose's own folders would otherwise be looked through for predictions.
    assert not PLACE["ErrorOutputPrefix"].startswith("predictions/")


@pytest.mark.parametrize("share", ["1", "0.25"])
def test_as_many_predictions_are_logged_as_the_parameter_says(share: str) -> None:
    predict = read_template(TEMPLATE, LoggedShare=share).functions["PredictFunction"]
    assert PredictSettings.from_environment(predict.environment).logged_share == float(share)


def test_as_much_of_the_log_is_read_for_a_request_as_there_is_time_for() -> None:
    feedback = read_template(TEMPLATE).functions["FeedbackFunction"]
    settings = FeedbackSettings.from_environment(feedback.environment)
    usual = Filters().period(NOON)
    # One prediction a minute: an object each time that Firehose writes.
    objects = (usual[1] - usual[0]).total_seconds() / PLACE["BufferingHints"]["IntervalInSeconds"]
    assert objects <= settings.max_log_objects / 3
    # 100 a second: what the queue is about must last longer than what it hands out is leased.
    records = settings.max_log_bytes / BYTES
    assert records / 100 > settings.lease_seconds
    # A day each, and the ones before and after, in which records of its edges may lie.
    listings = MAX_PERIOD.days + 2
    waiting = listings * SECONDS_A_LISTING + settings.max_log_objects * SECONDS_A_GET
    seconds = waiting / READ_AT_ONCE + records * SECONDS_A_RECORD
    assert seconds <= FUNCTIONS["FeedbackFunction"]["Timeout"] / 2
