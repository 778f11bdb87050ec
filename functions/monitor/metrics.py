"""A report as metrics: one line on standard output, from which CloudWatch takes them.

The embedded metric format: no call, no permission, nothing to wait for.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from functions.core.base.tracing import trace_fields
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
# Those that the alarms in template.yaml go by. Every report has them.
ALARMS = ("DriftConfirmed", "QualityFallen", "DataAlarms")


def emit_report(report: Report, settings: MonitorSettings) -> None:
    """Write the metrics of `report` by stage and model; those of the default model by stage alone as well.

    But for those that alarms go by: by stage alone they are of all models together (`emit_alarms`).
    """
    values = _values(report)
    directives = [_directive(["Stage", "Model"], values)]
    if report.model == settings.default_model:
        directives.append(_directive(["Stage"], [name for name in values if name not in ALARMS]))
    _write(
        report.at,
        "monitoring",
        directives,
        {
            "Stage": settings.stage,
            "Model": report.model,
            "report": report.sequence,
            "champion": report.champion,
            "training": report.training.model_dump(),
            **values,
        },
    )


def emit_alarms(reports: Sequence[Report], settings: MonitorSettings, now: datetime) -> None:
    """Write what alarms go by, by stage alone: the highest value among the last reports of all models.

    An alarm of one model stands until that model's next report, whatever those of others say in between.
    models: which of them each alarm is about.
    """
    values_of = {report.model: _values(report) for report in reports}
    values = {name: max(of_model[name] for of_model in values_of.values()) for name in ALARMS}
    models = {name: [model for model, of_model in values_of.items() if of_model[name] > 0] for name in ALARMS}
    fields = {"Stage": settings.stage, "models": models, **values}
    _write(now, "alarms", [_directive(["Stage"], values)], fields)


def _directive(dimensions: list[str], names: Iterable[str]) -> dict[str, Any]:
    return {
        "Namespace": NAMESPACE,
        "Dimensions": [dimensions],
        "Metrics": [{"Name": name, "Unit": UNITS[name]} for name in names],
    }


def _write(
    moment: datetime, message: str, directives: list[dict[str, Any]], fields: Mapping[str, Any]
) -> None:
    line = {
        "_aws": {"Timestamp": int(moment.timestamp() * 1000), "CloudWatchMetrics": directives},
        "timestamp": moment.isoformat(timespec="milliseconds"),
        "level": "INFO",
        "message": message,
        **trace_fields(),
        **fields,
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
