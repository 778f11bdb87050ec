"""Published versions and the champion among them: what the objects hold, and how they are written.

A version is `models/{version}/model.onnx` and, written after it, `manifest.json`: without a manifest a
version does not exist. Which one is in service is one object, `registry/champion.json`, replaced by
compare-and-swap: whatever dies midway, the champion is the old one or the new one.
"""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from functions.core.errors import Conflict, NoChampion, NotFound, UnusableModel
from functions.core.passenger import FEATURES
from functions.core.store import Store

CHAMPION = "registry/champion.json"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Interval(_Record):
    """An estimate with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


class DatasetFacts(_Record):
    """What a model was made from. `uploaded_at` orders uploads; `rows` are the valid ones."""

    key: str
    version_id: str | None
    sha256: str
    uploaded_at: datetime
    rows: int
    survivors: int
    rejected_rows: int
    train_rows: int
    holdout_rows: int


class Certificate(_Record):
    """The proof that graph and pipeline agree. Differences are of probability; flips are of the label."""

    rows: int
    edge_rows: int
    largest_difference: float
    label_flips: int
    tolerance: float


class File(_Record):
    sha256: str
    size: int = Field(description="Bytes")


class Tensor(_Record):
    name: str
    datatype: str = Field(description="As in the Open Inference Protocol")
    shape: list[int] = Field(description="-1 stands for the number of rows")
    categories: list[str] | None = None


class Signature(_Record):
    inputs: list[Tensor]
    outputs: list[Tensor]


SIGNATURE = Signature(
    inputs=[
        Tensor(
            name=name,
            datatype="BYTES" if categories else "FP32",
            shape=[-1, 1],
            categories=list(categories) if categories else None,
        )
        for name, categories in FEATURES.items()
    ],
    outputs=[
        Tensor(name="label", datatype="INT64", shape=[-1]),
        Tensor(name="probabilities", datatype="FP32", shape=[-1, 2]),
    ],
)


class Decision(_Record):
    """What the gate said of a version when it was published, by which rule, from which numbers."""

    promote: bool
    rule: str
    reason: str
    champion: str | None = None
    numbers: dict[str, float] = {}


class Manifest(_Record):
    """All that is known of a version. `metrics` are of the holdout, `selection` of cross-validation."""

    name: str = "titanic"
    version: str
    model: str = Field(description="The kind of estimator that won the selection")
    created_at: datetime
    threshold: float = Field(0.5, description="Probability above which the graph's label is 1")
    files: dict[str, File]
    dataset: DatasetFacts
    configuration: dict[str, Any]
    libraries: dict[str, str]
    selection: dict[str, dict[str, float]]
    metrics: dict[str, Interval]
    confusion: list[list[int]] = Field(description="Rows: outcome 0, 1; columns: label 0, 1")
    slices: dict[str, dict[str, float]]
    certificate: Certificate
    signature: Signature = SIGNATURE
    reference: dict[str, Any] = Field(description="Distribution of each feature, for drift")
    decision: Decision


class Promotion(_Record):
    sequence: int
    version: str
    promoted_at: datetime
    by: str
    reason: str


class Champion(_Record):
    """The version in service, the one before it, and how it came to this."""

    sequence: int
    version: str
    previous: str | None
    promoted_at: datetime
    by: str
    reason: str
    history: list[Promotion]


def model_key(version: str) -> str:
    return f"models/{version}/model.onnx"


def manifest_key(version: str) -> str:
    return f"models/{version}/manifest.json"


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def parse_champion(body: bytes) -> Champion:
    """Raises `UnusableModel` when the object is damaged."""
    try:
        return Champion.model_validate_json(body)
    except ValidationError as error:
        raise UnusableModel(f"{CHAMPION} is damaged") from error


def read_champion(store: Store) -> tuple[Champion, str]:
    """The champion's record and its ETag. Raises `NoChampion`, `UnusableModel`."""
    try:
        blob = store.get(CHAMPION)
    except NotFound as error:
        raise NoChampion("no model has been promoted yet; upload a dataset to train one") from error
    return parse_champion(blob.body), blob.etag


def read_manifest(store: Store, version: str) -> Manifest:
    """Raises `NotFound` when the version is not published, `UnusableModel` when its manifest is damaged."""
    body = store.get(manifest_key(version)).body
    try:
        manifest = Manifest.model_validate_json(body)
    except ValidationError as error:
        raise UnusableModel(f"the manifest of version {version} is damaged") from error
    if manifest.version != version or "model.onnx" not in manifest.files:
        raise UnusableModel(f"the manifest of version {version} is of another version, or names no model")
    return manifest


def read_model(store: Store, manifest: Manifest) -> bytes:
    """The graph's bytes, checked against the manifest. Raises `UnusableModel`."""
    try:
        model = store.get(model_key(manifest.version)).body
    except NotFound as error:
        raise UnusableModel(f"version {manifest.version} has a manifest but no model") from error
    if sha256(model) != manifest.files["model.onnx"].sha256:
        raise UnusableModel(f"the model of version {manifest.version} does not match its checksum")
    return model


def published(store: Store) -> Iterator[str]:
    """The versions that have a manifest, in the order of their names."""
    for entry in store.list("models/"):
        folder, _, name = entry.key.rpartition("/")
        if name == "manifest.json":
            yield folder.removeprefix("models/")


def write_model(store: Store, version: str, model: bytes) -> bytes:
    """Write a version's graph unless it is there. Returns the bytes that are there now.

    They may be another's: a run that died before its manifest leaves its graph behind, and on another
    kind of processor the last bit of a weight can differ.
    """
    try:
        store.create(model_key(version), model)
    except Conflict:
        return store.get(model_key(version)).body
    return model


def write_manifest(store: Store, manifest: Manifest) -> Manifest:
    """Publish a version. Returns the manifest that counts: the first one written."""
    try:
        store.create(manifest_key(manifest.version), manifest.model_dump_json(indent=2).encode())
    except Conflict:
        return read_manifest(store, manifest.version)
    return manifest


def promote(
    store: Store, version: str, *, over: tuple[Champion, str] | None, by: str, reason: str
) -> Champion:
    """Put `version` into service in place of `over`: the champion and ETag it was judged against.

    None stands for no champion. Raises `Conflict` when the champion is another by now or is this version
    already, and `NotFound` when the version is not published; in both cases nothing has changed.
    """
    store.head(manifest_key(version))
    old = over[0] if over else None
    if old and old.version == version:
        raise Conflict(f"version {version} is in service already")
    entry = Promotion(
        sequence=old.sequence + 1 if old else 1,
        version=version,
        promoted_at=datetime.now(UTC),
        by=by,
        reason=reason,
    )
    champion = Champion(
        **entry.model_dump(),
        previous=old.version if old else None,
        history=[*(old.history if old else []), entry],
    )
    body = champion.model_dump_json(indent=2).encode()
    if over:
        store.replace(CHAMPION, body, etag=over[1])
    else:
        store.create(CHAMPION, body)
    return champion
