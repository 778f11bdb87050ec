"""A report as metrics: one line on standard output, from which CloudWatch takes them.

The embedded metric format: no call, no permission, nothing to wait for.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
import sys

from functions.monitor.report import Report
from functions.monitor.settings import MonitorSettings

NAMESPACE = "Lifeboat"
# Which of them a report has, depends on what it is about.
UNITS = {
    "Champion": "Count",
    "Predictions": "Count",
    "DriftedFeatures": "Count",
    "DriftConfirmed": "Count",
    "LargestPsi": "None",
    "DataAlarms": "Count",
    "RefusedShare": "None",
    "ExpectedLogLoss": "None",
    "Labels": "Count",
    "LiveLogLoss": "None",
    "LiveRocAuc": "None",
    "QualityFallen": "Count",
    "Trainings": "Count",
}


def emit(report: Report, settings: MonitorSettings) -> None:
    """Write the metrics of `report`, by stage and model.

    Those of the default model are written by stage alone as well. An alarm by stage alone is so of one model:
    it stays as it is while nothing new is sent, and another model's figures would end it.
    """
    values = _values(report)
    dimensions = [["Stage", "Model"]]
    if report.model == settings.default_model:
        dimensions.append(["Stage"])
    line = {
        "_aws": {
            "Timestamp": int(report.at.timestamp() * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": NAMESPACE,
                    "Dimensions": dimensions,
                    "Metrics": [{"Name": name, "Unit": UNITS[name]} for name in values],
                }
            ],
        },
        "timestamp": report.at.isoformat(timespec="milliseconds"),
        "level": "INFO",
        "message": "monitoring",
        "Stage": settings.stage,
        "Model": report.model,
        "report": report.sequence,
        "champion": report.champion,
        "training": report.training.model_dump(),
        **values,
    }
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _values(report: Report) -> dict[str, float]:
    """The metrics by name.

    What alarms go by stands from one judgement to the next; what is said of a champion's windows begins anew
    with another champion. So every report has it. The figures of a window are sent once, when it is complete,
    and so is the share that was refused, when it is judged.
    """
    drift, quality, refused = report.drift, report.live.quality, report.refused
    values: dict[str, float] = {
        "Champion": report.promotion,
        "Labels": report.live.labels,
        "QualityFallen": len(report.live.fallen),
        "Trainings": int(report.training.outcome == "uploaded"),
        "DriftConfirmed": int(drift.confirmed) if drift else 0,
        "DataAlarms": (len(drift.data.alarms) if drift else 0) + int(bool(refused and refused.alarm)),
    }
    if drift and report.counted.complete:
        values |= {
            "Predictions": drift.rows,
            "DriftedFeatures": len(drift.drifted),
            "LargestPsi": max((feature.psi for feature in drift.features.values()), default=0.0),
        }
        if drift.expected:
            values["ExpectedLogLoss"] = drift.expected.metrics["log_loss"].value
    # Not what an earlier run said and still stands.
    if refused and refused.at == report.at:
        values["RefusedShare"] = refused.share
    if quality:
        values |= {
            "LiveLogLoss": quality.metrics["log_loss"].value,
            "LiveRocAuc": quality.metrics["roc_auc"].value,
        }
    return values
