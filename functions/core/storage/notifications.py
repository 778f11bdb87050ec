"""Reads the events that S3 sends when an object was put."""

from urllib.parse import unquote_plus

from pydantic import BaseModel, Field, ValidationError

from functions.core.base.errors import InvalidInput
from functions.core.base.logs import log


class Notification(BaseModel):
    """What a record of an S3 event says of an upload. etag: without its quotation marks."""

    key: str
    version_id: str | None = None
    etag: str | None = None


class _Object(BaseModel):
    key: str
    version_id: str | None = Field(None, alias="versionId")
    etag: str | None = Field(None, alias="eTag")
    sequencer: str = ""


class _S3(BaseModel):
    object: _Object


class _Record(BaseModel):
    event_source: str = Field(alias="eventSource")
    event_name: str = Field(alias="eventName")
    event_time: str = Field("", alias="eventTime")
    s3: _S3


def parse_event(event: object) -> list[Notification]:
    """The uploads of an S3 notification, oldest first; events that are no upload are left out.

    A record that is not one of S3's is passed over, which a line says, and holds up no other.
    S3 sends `s3:TestEvent` when a notification is set up: it has no records and means nothing.
    Raises `InvalidInput` for what is no S3 event.
    """
    body = event if isinstance(event, dict) else {}
    if body.get("Event") == "s3:TestEvent":
        return []
    sent = body.get("Records")
    records = _read_records(sent) if isinstance(sent, list) else []
    if not records and sent != []:
        raise InvalidInput("this is not an S3 notification; the function is fired by uploads only")
    uploads = [
        record
        for record in records
        if record.event_source == "aws:s3" and record.event_name.startswith("ObjectCreated:")
    ]
    # Sequencers of one key compare as hexadecimal numbers once they have the same length.
    width = max((len(record.s3.object.sequencer) for record in uploads), default=0)
    uploads.sort(key=lambda record: (record.event_time, record.s3.object.sequencer.ljust(width, "0")))
    return [
        Notification(
            key=unquote_plus(record.s3.object.key),
            version_id=record.s3.object.version_id,
            etag=record.s3.object.etag,
        )
        for record in uploads
    ]


def _read_records(sent: list[object]) -> list[_Record]:
    """Those that are as S3 writes them."""
    records = []
    for number, record in enumerate(sent, start=1):
        try:
            records.append(_Record.model_validate(record))
        except ValidationError as error:
            faults = (".".join(map(str, fault["loc"])) for fault in error.errors(include_input=False))
            log(
                "WARNING",
                "record passed over",
                record=number,
                reason=f"it is not as S3 writes them: {', '.join(faults) or 'no object'}",
            )
    return records
