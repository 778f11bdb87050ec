"""Where the objects of a model's versions lie, in the view of the model (`core.storage.view`)."""

import hashlib

CHAMPION = "registry/champion.json"

_MAX_NAME, _NAME_SHOWN = 200, 150


def model_key(version: str) -> str:
    return f"models/{version}/model.onnx"


def holdout_key(version: str) -> str:
    return f"models/{version}/holdout.json"


def rows_key(version: str) -> str:
    return f"models/{version}/rows.json"


def report_key(version: str) -> str:
    """What was read of the dataset: columns used and passed over, rows left out and why."""
    return f"models/{version}/report.json"


def candidates_key(version: str) -> str:
    """How each candidate was set, in JSON: of `selection` in the manifest, by the same names."""
    return f"models/{version}/candidates.json"


def part_key(version: str, name: str) -> str:
    """Where a part of a version lies that no code of Lifeboat reads: those of MLflow
    (`training.publication.mlmodel`)."""
    return f"models/{version}/{name}"


def manifest_key(version: str) -> str:
    return f"models/{version}/manifest.json"


def rejected_key(name: str, digest: str) -> str:
    """Where the report on an uploaded file lies that could not train. digest: in hexadecimal."""
    return f"{rejected_prefix(name)}{digest[:16]}.json"


def rejected_prefix(name: str) -> str:
    """What the keys of all reports on files of that name begin with.

    A long name is cut, and told from its like by a digest: S3 takes keys of up to 1,024 bytes, and a folder
    names of up to 255.
    """
    encoded = name.encode(errors="surrogatepass")
    if len(encoded) > _MAX_NAME:
        name = f"{encoded[:_NAME_SHOWN].decode(errors='ignore')}~{sha256(encoded)[:16]}"
    return f"rejected/{name}."


def published_key(version: str) -> str:
    """What vouches for a version's manifest: who may write below `models/` alone cannot write it."""
    return f"registry/published/{version}.json"


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
