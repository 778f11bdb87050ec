"""What a user asks MLflow's client: `ask.py MODEL`, rows as JSON on standard input, the server in
MLFLOW_TRACKING_URI."""

import json
import sys

import mlflow
import pandas as pd

model, rows = sys.argv[1], json.load(sys.stdin)
runs = mlflow.search_runs(experiment_names=[model], filter_string="tags.`lifeboat.kind` = 'version'")
best = mlflow.search_runs(
    experiment_names=[model],
    filter_string="tags.`lifeboat.kind` = 'candidate'",
    order_by=["metrics.log_loss ASC"],
    max_results=1,
)
champion = mlflow.pyfunc.load_model(f"models:/{model}@champion")
serving = champion.metadata.metadata["lifeboat_version"]
run = mlflow.get_run(runs[runs["tags.lifeboat.version"] == serving].run_id.iloc[0])
dataset = run.inputs.dataset_inputs[0].dataset
# As every row has them.
frame = pd.DataFrame(rows).astype(
    {"age": "float64", "fare": "float64", "sibsp": "float64", "parch": "float64"}
)
print(
    json.dumps(
        {
            "runs": runs[["tags.lifeboat.version", "metrics.roc_auc", "status"]].to_dict("records"),
            "best": best["tags.mlflow.runName"].tolist(),
            "dataset": {"name": dataset.name, "digest": dataset.digest, "source": json.loads(dataset.source)},
            "columns": [column["name"] for column in json.loads(dataset.schema)["mlflow_colspec"]],
            "champion": serving,
            "probability": champion.predict(frame)["probability"].tolist(),
        }
    )
)
