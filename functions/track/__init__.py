"""Shows every version in MLflow, where there is one: runs, metrics, registered models, aliases. One way."""
