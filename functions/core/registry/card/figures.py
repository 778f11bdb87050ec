"""How figures are written in a card, and what they are called."""

from functions.core.stats.records import Interval

NONE = "-"
METRICS = {
    "roc_auc": "ROC AUC",
    "log_loss": "log loss (nats)",
    "brier": "Brier score",
    "accuracy": "accuracy",
    "calibration_error": "calibration error",
    "rows": "rows",
    "positives": "with the positive value",
    "true_positive_rate": "true positive rate",
    "false_positive_rate": "false positive rate",
}


def metric_name(name: str) -> str:
    return METRICS.get(name, name.replace("_", " "))


def figure(value: float | None) -> str:
    """Four decimals; a count without any; a dash where there is none."""
    if value is None:
        return NONE
    return f"{int(value):,}" if float(value).is_integer() and abs(value) >= 2 else f"{value:.4f}"


def count(rows: int) -> str:
    return f"{rows:,}"


def share(part: float, whole: float) -> str:
    return f"{part / whole:.1%}" if whole else NONE


def interval(metric: Interval) -> str:
    return f"{metric.low:.4f} to {metric.high:.4f}"
