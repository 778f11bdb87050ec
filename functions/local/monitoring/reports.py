"""What functions/monitor writes for CloudWatch, read for Prometheus: its embedded metrics, model by model."""

import json
from collections.abc import Mapping
from typing import NamedTuple


class ReportMetric(NamedTuple):
    """How a metric of CloudWatch is called in Prometheus, and what it says."""

    name: str
    help: str


# By their names in functions/monitor/metrics.py.
REPORT_METRICS: Mapping[str, ReportMetric] = {
    "Champion": ReportMetric("lifeboat_report_promotion", "Promotion of the champion in the last report"),
    "Predictions": ReportMetric("lifeboat_drift_window_rows", "Predictions in the last complete window"),
    "DriftedFeatures": ReportMetric("lifeboat_drifted_features", "Features that drifted in that window"),
    "DriftConfirmed": ReportMetric("lifeboat_drift_confirmed", "1: drift in two windows in a row"),
    "LargestPsi": ReportMetric(
        "lifeboat_drift_largest_psi", "Largest population stability index of a feature there, in nats"
    ),
    "DataAlarms": ReportMetric("lifeboat_data_alarms", "What is wrong with the data that is asked"),
    "RefusedShare": ReportMetric("lifeboat_refused_share", "Share of rows that did not fit, 0 to 1"),
    "ExpectedLogLoss": ReportMetric(
        "lifeboat_expected_log_loss", "Log loss if every probability were right, in nats"
    ),
    "Labels": ReportMetric("lifeboat_labels", "Predictions of the champion whose outcome was told"),
    "LiveLogLoss": ReportMetric("lifeboat_live_log_loss", "Log loss on these, in nats"),
    "LiveRocAuc": ReportMetric("lifeboat_live_roc_auc", "ROC AUC on these"),
    "QualityFallen": ReportMetric(
        "lifeboat_quality_fallen", "Metrics that are worse on these than on the holdout, not by chance"
    ),
    "Trainings": ReportMetric("lifeboat_trainings_due", "1: the last report had another version trained"),
}  # fmt: skip


class ReportLine(NamedTuple):
    """model: whose; promotion: the number of that of its champion; values: by the names of REPORT_METRICS."""

    model: str
    promotion: float
    values: Mapping[str, float]


def read_report_line(line: str) -> ReportLine | None:
    """The metrics of one model's report; None for a line of the log that has none.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    if '"_aws"' not in line:
        return None
    try:
        fields = json.loads(line)
    except ValueError:
        return None
    if not isinstance(fields, dict) or "_aws" not in fields or not isinstance(fields.get("Model"), str):
        # What is of all models together has no model.
        return None
    values = {
        name: float(fields[name])
        for name in REPORT_METRICS
        if isinstance(fields.get(name), int | float) and not isinstance(fields[name], bool)
    }
    return ReportLine(fields["Model"], values["Champion"], values) if "Champion" in values else None
