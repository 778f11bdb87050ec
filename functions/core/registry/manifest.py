"""What is recorded of a version: the manifest beside every published graph."""

from functools import cached_property
from typing import Any

from pydantic import ConfigDict, Field

from functions.core.base.records import Moment, Record
from functions.core.schema.document.parsing import parse_schema
from functions.core.schema.schema import Schema
from functions.core.stats.records import CalibrationBin, Distribution, Interval, MeanContributions


class Lineage(Record):
    """What a dataset that functions/monitor made is made of: another one's rows, and labelled ones."""

    reference_key: str = Field(description="The dataset uploaded by people whose rows it begins with")
    reference_version_id: str | None
    reference_sha256: str
    labels: int = Field(description="Predictions with an outcome that were added to those rows")
    reason: str = Field(description="Why it was put together")
    champion: str = Field(description="The version in service then")
    uploaded_champion: str | None = Field(
        None, description="The version made of the uploaded dataset alone; null where that is not known"
    )


class Columns(Record):
    """What became of the columns of a file, each by its name there; `missing` by the names of the schema."""

    used: list[str]
    passed_over: list[str]
    missing: list[str]


class DatasetFacts(Record):
    """What a model was made from. `uploaded_at` orders uploads; `rows` are the valid ones.

    Which lines of the file those are, and on which side each stands, is in `rows.json` beside the model.
    Rows that may not be measured by are not held out; some of them are on neither side.
    """

    key: str
    version_id: str | None
    sha256: str
    uploaded_at: Moment
    rows: int
    positives: int = Field(description="Rows whose target has its positive value")
    rejected_rows: int
    train_rows: int
    holdout_rows: int
    train_positives: int
    holdout_positives: int
    representative_rows: int = Field(description="Rows that the model may be measured by")
    columns: Columns
    lineage: Lineage | None = Field(None, description="Of a dataset that was made from feedback")
    uploaded_by: str | None = Field(
        None, description="Who uploaded it through the API; null where it came another way"
    )


class Certificate(Record):
    """The proof that graph and pipeline agree. Differences are of probability; flips are of the label."""

    rows: int
    edge_rows: int
    patterns: str = Field("all", description="Patterns of missing values: all, or a covering sample of them")
    largest_difference: float
    label_flips: int
    tolerance: float


class File(Record):
    sha256: str
    size: int = Field(description="Bytes")


class Tensor(Record):
    name: str
    datatype: str = Field(description="As in the Open Inference Protocol")
    shape: list[int] = Field(description="-1 stands for the number of rows")
    categories: list[str] | None = None


class Signature(Record):
    inputs: list[Tensor]
    outputs: list[Tensor]


def signature_of(schema: Schema) -> Signature:
    """The inputs and outputs of every graph of rows of this schema."""
    return Signature(
        inputs=[
            Tensor(
                name=field.name,
                datatype="FP32" if field.words is None else "BYTES",
                shape=[-1, 1],
                categories=None if field.words is None else list(field.words),
            )
            for field in schema.features
        ],
        outputs=[
            Tensor(name="label", datatype="INT64", shape=[-1]),
            Tensor(name="probabilities", datatype="FP32", shape=[-1, 2]),
        ],
    )


class Decision(Record):
    """What the gate said of a version: by which rule, from which numbers, under which limits.

    In a manifest it is what was said before the promotion was tried. Where another promotion came first, the
    version was judged again, against the winner: that decision stands in the answer of the retrain and, as
    the reason of the promotion, in the champion's history.
    """

    promote: bool
    rule: str
    reason: str
    champion: str | None = Field(None, description="The version it was judged against")
    numbers: dict[str, float] = Field({})
    slices: dict[str, dict[str, float]] = Field(
        {}, description="Log loss of the groups of each slice, in nats"
    )
    limits: dict[str, float] = Field({})


class Manifest(Record):
    """All that is known of a version. `metrics` are of the holdout, `selection` of cross-validation."""

    model_config = ConfigDict(populate_by_name=True)

    name: str = Field(description="The model that this is a version of")
    version: str
    model: str = Field(description="The kind of estimator that won the selection")
    # `schema` is an attribute of every pydantic model.
    table_schema: dict[str, Any] = Field(
        alias="schema", description="What a row is: the version is served by the schema it was trained with"
    )
    created_at: Moment
    threshold: float = Field(0.5, ge=0, le=1, description="Probability above which the graph's label is 1")
    files: dict[str, File]
    dataset: DatasetFacts
    configuration: dict[str, Any]
    libraries: dict[str, str]
    selection: dict[str, dict[str, float]]
    notes: list[str] = Field([], description="Better candidates that were passed over, and why")
    metrics: dict[str, Interval]
    confusion: list[list[int]] = Field(description="Rows: outcome 0, 1; columns: label 0, 1")
    slices: dict[str, dict[str, float]]
    calibration: list[CalibrationBin] | None = Field(
        None, description="Of the holdout, in ten bins; null in a version of an earlier release"
    )
    contributions: MeanContributions | None = Field(
        None,
        description="Null where rows have too many features to explain some, and in a version of an earlier "
        "release",
    )
    certificate: Certificate
    signature: Signature
    reference: dict[str, Distribution] = Field(
        description="Of each feature in the representative rows, and of `probability` on the holdout"
    )
    background: dict[str, list[Any]] = Field(
        description="Training rows, column by column, that stand for a feature not known in explanations"
    )
    decision: Decision

    @cached_property
    def schema_of_rows(self) -> Schema:
        """Raises `InvalidSchema`."""
        return parse_schema(self.table_schema)

    def as_json(self) -> bytes:
        return self.model_dump_json(indent=2, by_alias=True).encode()
