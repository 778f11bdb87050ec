"""Which datasets there are, what each was made of, and which models each went into."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

from pydantic import BaseModel, Field

from functions.core.base.errors import NotFound
from functions.core.registry import versions
from functions.core.registry.manifest import DatasetFacts
from functions.core.storage.view import ModelStore
from functions.datasets.manifests import Made, read_manifests

ID = r"^[0-9a-f]{16}$"


class Dataset(BaseModel):
    """A dataset that versions were made from. `facts` are those of its first upload that made one."""

    id: str = Field(description="Of the bytes, whatever their name", examples=["0d1c3a5a8b0e9f21"])
    facts: DatasetFacts
    models: list[str] = Field(description="Versions made from it")
    grew_into: list[str] = Field(description="Datasets that begin with its rows, by id")
    models_of_those: list[str] = Field(description="Versions made from these, and so from its rows as well")


class WithoutModel(BaseModel):
    """An uploaded object that no published version was made from."""

    key: str
    size: int = Field(description="Bytes")
    uploaded_at: datetime


class Catalog(BaseModel):
    datasets: list[Dataset] = Field(description="Newest first")
    without_model: list[WithoutModel] = Field(
        description="Refused, in training, deleted since, or the same bytes as an earlier one"
    )
    damaged: list[str] = Field([], description="Versions whose manifest cannot be read: they are left out")


def list_datasets(store: ModelStore) -> Catalog:
    """All datasets of a model, from the manifests of all versions. One that is damaged is only named."""
    facts: dict[str, DatasetFacts] = {}
    models, grew_into = defaultdict(list), defaultdict(list)
    published, damaged = read_manifests(store)
    manifests = sorted(published, key=lambda manifest: manifest.created_at)
    for manifest in manifests:
        id_ = _id(manifest.dataset.sha256)
        facts.setdefault(id_, manifest.dataset)
        models[id_].append(manifest.version)
        if made_of := manifest.dataset.lineage:
            grew_into[_id(made_of.reference_sha256)].append(id_)
    datasets = [
        Dataset(
            id=id_,
            facts=facts_of_first,
            models=models[id_],
            grew_into=[*dict.fromkeys(grew_into[id_])],
            models_of_those=[version for other in dict.fromkeys(grew_into[id_]) for version in models[other]],
        )
        for id_, facts_of_first in facts.items()
    ]
    without_model = [*_without_model(store, manifests)]
    return Catalog(datasets=datasets[::-1], without_model=without_model, damaged=damaged)


def read_dataset(store: ModelStore, id_: str) -> Dataset:
    """Raises `NotFound`."""
    for dataset in list_datasets(store).datasets:
        if dataset.id == id_:
            return dataset
    raise NotFound(f"no version of {store.model} was made from a dataset {id_}")


def datasets_of(store: ModelStore, version: str) -> Catalog:
    """The datasets whose rows went into `version`. Raises `NotFound`, `UnusableModel`."""
    own = versions.read_manifest(store, version).dataset
    ids = {_id(own.sha256)} | ({_id(own.lineage.reference_sha256)} if own.lineage else set())
    datasets = [dataset for dataset in list_datasets(store).datasets if dataset.id in ids]
    return Catalog(datasets=datasets, without_model=[])


def _id(sha256: str) -> str:
    return sha256[:16]


def _without_model(store: ModelStore, manifests: Iterable[Made]) -> Iterator[WithoutModel]:
    # By their keys in the store, which is what manifests have.
    newest: dict[str, datetime] = {}
    for manifest in manifests:
        key, uploaded_at = manifest.dataset.key, manifest.dataset.uploaded_at
        newest[key] = max(uploaded_at, newest.get(key, uploaded_at))
    for entry in store.list("datasets/"):
        key = store.full(entry.key)
        if key not in newest or entry.modified > newest[key]:
            yield WithoutModel(key=key, size=entry.size, uploaded_at=entry.modified)
