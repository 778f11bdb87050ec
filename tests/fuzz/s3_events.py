"""What fires retrain: notifications of S3 as AWS documents them, events of other services, damaged ones.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from typing import Any
from urllib.parse import quote_plus

from hypothesis import strategies as st

from tests.fuzz.json_values import TEXTS, VALUES, damaged
from tests.support.gateway import read_event

Event = dict[str, Any]

# What there is in the store, by key: none of it trains.
OBJECTS = {
    "datasets/titanic/words.csv": b"these are no rows",
    "datasets/titanic/empty.csv": b"",
    "datasets/titanic/narrow.csv": b"pclass,survived\n1,0\n",
    "datasets/titanic/zeros.csv": b"\0" * 64,
    "datasets/titanic/cut.csv.gz": b"\x1f\x8b\x08",
    "datasets/titanic/r\u00e9sum\u00e9 +1 (2)%20.csv": b"a;b\n",
    "datasets/newborn/few.csv": b"a,b\n1,0\n2,1\n",
    "datasets/newborn/notes.txt": b"nothing",
    "datasets/alone.csv": b"a,b\n",
}
KEYS = (
    st.sampled_from((*OBJECTS, *OBJECTS))
    | st.sampled_from(
        (
            "datasets/titanic/gone.csv",
            "datasets/Titanic/words.csv",
            "datasets//words.csv",
            "datasets/titanic/",
            "datasets/titanic/.csv",
            "datasets/titanic/" + "x" * 990 + ".csv",
            "datasets/" + "x" * 300 + "/a.csv",
            "models/titanic/a.csv",
            "rejected/titanic/words.csv.0.json",
            "datasets/titanic/../../registry/titanic/champion.json.csv",
            "",
            "/",
        )
    )
    | TEXTS.map(lambda text: f"datasets/titanic/{text}.csv")
    | TEXTS
)
# S3's own encoding, none, another one, and a damaged one.
ENCODED = KEYS.flatmap(
    lambda key: st.sampled_from(
        (_encode(key), _encode(key), key, _encode(_encode(key)), f"{_encode(key)}%ff%zz")
    )
)
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html
NAMES = st.sampled_from(
    (
        *("ObjectCreated:Put", "ObjectCreated:Post", "ObjectCreated:Copy") * 4,
        "ObjectCreated:CompleteMultipartUpload",
        "ObjectRemoved:Delete",
        "ObjectRemoved:DeleteMarkerCreated",
        "ObjectRestore:Post",
        "ObjectTagging:Put",
        "ReducedRedundancyLostObject",
        "LifecycleExpiration:Delete",
        "",
    )
)
OTHERS = st.sampled_from(
    (
        {"eventSource": "aws:sqs", "messageId": "1", "body": "{}"},
        {"EventSource": "aws:sns", "Sns": {"Message": "{}"}},
        {"eventSource": "aws:dynamodb", "eventName": "INSERT", "dynamodb": {}},
        {"eventSource": "aws:kinesis", "kinesis": {"data": ""}},
    )
)
EVENTBRIDGE = {
    "version": "0",
    "detail-type": "Object Created",
    "source": "aws.s3",
    "detail": {
        "bucket": {"name": "lifeboat-test"},
        "object": {"key": "datasets/titanic/words.csv", "size": 5},
    },
}


def _encode(key: str) -> str:
    return quote_plus(key.encode("utf-8", "replace"), safe="/")


@st.composite
def _uploads(draw: st.DrawFn) -> Event:
    record: Event = read_event("s3_put")["Records"][0]
    record |= {
        "eventName": draw(NAMES),
        "eventTime": draw(TIMES),
        "eventVersion": draw(st.sampled_from(("2.0", "2.3"))),
    }
    record["s3"]["object"] |= {"key": draw(ENCODED)} | draw(OPTIONAL)
    return record


TIMES = st.sampled_from(("2026-11-01T12:00:00.000Z", "1970-01-01T00:00:00.000Z", ""))
OPTIONAL = st.fixed_dictionaries(
    {},
    optional={
        "sequencer": st.text("0123456789ABCDEF", max_size=20),
        "versionId": st.sampled_from(("null", "096fKKXTRTtl3on89fVO.nfljtsv6qko", "")),
        "size": st.integers(0, 2**41),
    },
)
UPLOADS = _uploads()
"""Records that tell of one object."""

DAMAGED = UPLOADS.flatmap(damaged)
RECORDS = st.lists(UPLOADS | UPLOADS | UPLOADS | OTHERS | DAMAGED, max_size=4)
SENT = RECORDS.map(lambda records: {"Records": records})
EVENTS: st.SearchStrategy[Any] = (
    SENT
    | SENT
    | SENT
    | st.sampled_from((read_event("s3_test_event"), EVENTBRIDGE, {}, read_event("http_predict")))
    | SENT.flatmap(damaged)
    | VALUES
)
