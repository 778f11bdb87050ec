"""The usual way, beside which Lifeboat is measured: pandas reads, scikit-learn fits, joblib keeps the model.

Of Lifeboat's steps it has the reading, the split, one fit and the figures on the holdout: no check of the
rows, no candidates, no certificate.
"""

import json
import sys
import time
from pathlib import Path

import joblib
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder

NUMBERS = ["pclass", "age", "sibsp", "parch", "fare"]
WORDS = ["sex", "embarked", "title"]


def main(path: Path, kept: Path) -> None:
    began = time.monotonic()
    columns = [*NUMBERS, "sex", "embarked", "name", "survived"]
    read = pd.read_parquet if path.suffix == ".parquet" else pd.read_csv
    options = {"columns": columns} if path.suffix == ".parquet" else {"usecols": columns}
    table = read(path, **options)
    table["title"] = table.pop("name").str.extract(r",\s*([^.,\s][^.,]{0,29})\.", expand=False)
    seconds_read = time.monotonic() - began
    labels = table.pop("survived")
    train, holdout, train_labels, holdout_labels = train_test_split(
        table, labels, test_size=0.2, random_state=0
    )
    del table
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=float("nan"))
    columns_of_words = ColumnTransformer([("words", encoder, WORDS)], remainder="passthrough")
    # What `training.estimators.candidates` calls histogram gradient boosting of large trees.
    boosting = HistGradientBoostingClassifier(
        max_iter=100,
        learning_rate=0.1,
        max_leaf_nodes=31,
        max_features=0.5,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=0,
    )
    model = Pipeline([("columns", columns_of_words), ("model", boosting)]).fit(train, train_labels)
    seconds_fitted = time.monotonic() - began
    chances = model.predict_proba(holdout)[:, 1]
    figures = {
        "log_loss": log_loss(holdout_labels, chances),
        "roc_auc": roc_auc_score(holdout_labels, chances),
    }
    joblib.dump(model, kept)
    print(json.dumps({"read": seconds_read, "fit": seconds_fitted - seconds_read, **figures}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
