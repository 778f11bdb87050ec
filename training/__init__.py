"""The offline side: from a table to a published model.

import training

outcome = training.publish(pipeline, frame, target="churned", name="churn")
print(outcome.status, outcome.version, outcome.decision.reason)
"""

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from training.publication.promotion import Outcome

# Between two loops scikit-learn's threads wait for the next one at full speed, unless they are told to sleep
# before it is imported: on cores that others use too, boosting took twenty times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def publish(
    estimator: Any,
    data: Any,
    *,
    target: str | None = None,
    name: str,
    schema: Any = None,
    store: Any = None,
    promote: bool = True,
) -> "Outcome":
    """Publish a scikit-learn classifier that you wrote, and put it into service if the gate lets it.

    estimator: a classifier or pipeline, fitted or not: a copy of it is fitted on four fifths of the rows, and
    judged by the others. It takes a DataFrame whose columns have the names they have in `data`, or, where
    all are numbers, an array of them. A number that is missing is NaN, a text that is missing is "", which
    imputers of texts are told. A column of yes and no is one of 1 and 0.
    data: a DataFrame, or the path of a table such as a CSV. target: the column to predict. name: of the
    model. schema: a `Schema`, a document or the path of one; None: the model's own, or else one inferred from
    data. store: an address such as s3://bucket or a folder; None: that in LIFEBOAT_STORE, or build/store, not
    that of a `make run`, which docs/from-a-notebook.ipynb shows how to find. promote: False only publishes
    it, for a person to promote.

    Raises `RefusedDataset`, `InvalidInput` and `InvalidSchema` for what is wrong with the data, the estimator
    or the schema; `UnprovenModel` when the estimator cannot be converted, or not faithfully, with the step
    that is to blame.

        from sklearn.compose import make_column_transformer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import OneHotEncoder, StandardScaler

        columns = make_column_transformer(
            (StandardScaler(), ["tenure", "charges"]),
            (OneHotEncoder(handle_unknown="ignore"), ["contract"]),
        )
        pipeline = make_pipeline(columns, LogisticRegression())
        training.publish(pipeline, frame, target="churned", name="churn")
    """
    # scikit-learn and the converter take seconds to import.
    from training.foreign.notebook import publish_estimator

    return publish_estimator(
        estimator, data, target=target, name=name, schema=schema, store=store, promote=promote
    )
