"""What every model of a table must know, whatever its dataset says: the expectations of the schema."""

from functions.core.schema.columns import to_columns
from functions.core.schema.rows import RowReader
from functions.core.schema.schema import Schema
from functions.core.scoring.scorer import Scorer


def surprises(model: bytes, schema: Schema) -> list[str]:
    """The expectations that the graph `model` does not meet, each as a sentence; none for a sane model.

    A test by direction, after Ribeiro et al. (2020), "Beyond Accuracy: Behavioral Testing of NLP Models with
    CheckList", ACL. A dataset whose labels are inverted makes a model that is as good as any on its own
    holdout; only what is known from elsewhere gives it away. Raises `UnusableModel`.
    """
    if not schema.expectations:
        return []
    reader = RowReader(schema)
    pairs = [row for expected in schema.expectations for row in (expected.likelier, expected.than)]
    rows = [reader.read(row).values for row in pairs]
    chances = Scorer(model, schema).run(to_columns(rows, schema)).probability
    return [
        f"expected: {expected.because}; the model says otherwise"
        for expected, likelier, than in zip(schema.expectations, chances[::2], chances[1::2], strict=True)
        if not likelier > than
    ]
