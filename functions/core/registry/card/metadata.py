"""The head of a card for programs: the metadata that the Hugging Face Hub and skops read.

https://huggingface.co/docs/hub/model-cards#model-card-metadata. It is YAML, of which JSON is a part.
"""

import json
from typing import Any

from functions.core.registry.card.blocks import one_line
from functions.core.registry.manifest import Manifest
from functions.core.schema.schema import Schema

_TASK = {"type": "tabular-classification", "name": "Tabular classification"}
# Where the Hub knows a metric by another name.
_HUB_METRICS = {"brier": "brier_score"}


def metadata(manifest: Manifest, schema: Schema) -> str:
    """YAML between two lines of dashes, with a key on each line."""
    values = {
        # Of the model: under which it may be used, nobody has said.
        "license": "unknown",
        "library_name": "sklearn",
        "pipeline_tag": _TASK["type"],
        "tags": ["sklearn", "onnx", "lifeboat", _TASK["type"]],
        "model_file": "model.onnx",
        "model_format": "onnx",
        "metrics": [_HUB_METRICS.get(name, name) for name in manifest.metrics],
        "data_licenses": [
            {key: one_line(text) for key in ("name", "path", "title") if (text := getattr(license_, key))}
            for license_ in schema.licenses
        ],
        "model-index": [{"name": f"{manifest.name} {manifest.version}", "results": [_result(manifest)]}],
    }
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    return "\n".join(["---", *lines, "---"]) + "\n"


def _result(manifest: Manifest) -> dict[str, Any]:
    return {
        "task": _TASK,
        "dataset": {
            "type": "tabular",
            "name": one_line(manifest.dataset.key),
            "revision": manifest.dataset.sha256,
            "split": "holdout",
        },
        "metrics": [
            {
                "type": _HUB_METRICS.get(name, name),
                "name": name,
                "value": metric.value,
                "args": {"interval": 0.95, "low": metric.low, "high": metric.high},
            }
            for name, metric in manifest.metrics.items()
        ],
    }
