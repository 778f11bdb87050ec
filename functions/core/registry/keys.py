"""Where the objects of a model's versions lie, in the view of the model (`core.storage.view`)."""

import hashlib

CHAMPION = "registry/champion.json"


def model_key(version: str) -> str:
    return f"models/{version}/model.onnx"


def holdout_key(version: str) -> str:
    return f"models/{version}/holdout.json"


def rows_key(version: str) -> str:
    return f"models/{version}/rows.json"


def report_key(version: str) -> str:
    """What was read of the dataset: columns used and passed over, rows left out and why."""
    return f"models/{version}/report.json"


def manifest_key(version: str) -> str:
    return f"models/{version}/manifest.json"


def published_key(version: str) -> str:
    """What vouches for a version's manifest: who may write below `models/` alone cannot write it."""
    return f"registry/published/{version}.json"


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
