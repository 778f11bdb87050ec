"""The models there are, and one of them as a whole: what serves, by which schema, and what comes next."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from functions.core.base.errors import LifeboatError, NoChampion, NotFound, UnusableModel, UnusableRecord
from functions.core.base.logs import log
from functions.core.registry import deployment, versions
from functions.core.registry.history import Promotion
from functions.core.registry.manifest import Manifest
from functions.core.schema.document.parsing import InvalidSchema, parse_schema
from functions.core.schema.schema import LARGEST, Schema
from functions.core.schema.schema import Field as SchemaField
from functions.core.stats.records import Interval
from functions.core.storage.contract import Store
from functions.core.storage.view import ModelStore
from functions.models.schemas import read_document

# Two objects of each model are read, 25 ms each from S3.
_READ_AT_ONCE = 8


class ChampionCard(Promotion):
    """The version in service, what it replaced, and the versions that were abandoned, with the reasons."""

    previous: str | None = Field(
        description="The version in service before, which this one replaced; null where there was none"
    )
    abandoned: dict[str, str] = Field(
        description="Versions that no retrain and no rollback brings back by itself, each with the reason"
    )


def card_of(champion: deployment.Champion) -> ChampionCard:
    """What people are shown of the record of a champion."""
    return ChampionCard.model_validate(champion, from_attributes=True)


def card_of_change(store: ModelStore, champion: deployment.Champion) -> ChampionCard:
    """The card of what has just come into service, of which a line in the log says what it replaced."""
    log(
        "INFO",
        "champion changed",
        model=store.model,
        version=champion.version,
        previous=champion.previous,
        sequence=champion.sequence,
        by=champion.by,
    )
    return card_of(champion)


class ListedModel(BaseModel):
    """A model in short; `metrics` and `rows` are of its champion. `trouble` says what could not be read."""

    name: str
    champion: str | None
    promoted_at: datetime | None
    metrics: dict[str, Interval]
    target: str | None
    rows: int | None = Field(description="Valid rows of the dataset that the champion was made from")
    trouble: str | None


class ModelPage(BaseModel):
    models: list[ListedModel]
    default: str | None = Field(
        description="The model of the paths without a name; null where there is none, or the caller may not "
        "see it"
    )
    next: str | None = Field(
        description="Send it as `after` to have the next page; null on the last", examples=["churn"]
    )


class TargetWords(BaseModel):
    """What is predicted. Answers and feedback have one of the two values under this name."""

    name: str
    negative: bool | int | float | str
    positive: bool | int | float | str


class Feature(BaseModel):
    """A value that a row can have; without categories or a range, any of its type will do."""

    name: str
    type: str = Field(description="number, integer, string or boolean")
    description: str
    example: bool | int | float | str | None
    required: bool
    categories: list[bool | int | float | str] | None
    minimum: float | None
    maximum: float | None
    derives: str | None = Field(
        description="The feature that is taken from this text when it is not given; the text is never kept"
    )


class ModelRecord(BaseModel):
    """A model. `target` and `features` are those of its champion, else those of its next training."""

    model_config = ConfigDict(populate_by_name=True)

    name: str
    champion: ChampionCard | None
    # `schema` is an attribute of every pydantic model.
    table_schema: dict[str, Any] | None = Field(alias="schema", description="What its champion serves by")
    next_schema: dict[str, Any] | None = Field(
        description="What the next training goes by; null: it infers one from the file"
    )
    target: TargetWords | None
    features: list[Feature]
    takes_references: bool = Field(
        description="Whether a row may have a `reference`, the caller's own words for it; where a field or "
        "the target has this name, it is that"
    )
    versions: int
    trouble: str | None = Field(description="What could not be read")


def list_models(
    store: Store, names: Sequence[str], *, default: str, limit: int, after: str | None = None
) -> ModelPage:
    """Up to `limit` of the models of these names, which are in order, behind the name `after`.

    store: the whole store. default: the model of paths without a name. What is wrong with one of them is
    said of that one.
    """
    remaining = [name for name in names if after is None or name > after]
    page = remaining[:limit]
    with ThreadPoolExecutor(_READ_AT_ONCE) as readers:
        models = list(readers.map(lambda name: _listed(ModelStore(store, name)), page))
    return ModelPage(
        models=models,
        default=default if default in names else None,
        next=page[-1] if len(remaining) > limit else None,
    )


def describe_model(store: ModelStore) -> ModelRecord:
    """All that is known of a model. Raises `StoreUnavailable`; what is damaged is said in `trouble`."""
    known = _Known(store)
    document = known.next_document()
    schema = known.schema(document)
    return ModelRecord(
        name=store.model,
        champion=card_of(known.champion) if known.champion else None,
        table_schema=known.manifest.table_schema if known.manifest else None,
        next_schema=document,
        target=_target(schema) if schema else None,
        features=_features(schema) if schema else [],
        takes_references=schema is not None and schema.takes_references,
        versions=sum(1 for _ in versions.published(store)),
        trouble=known.trouble,
    )


def _listed(store: ModelStore) -> ListedModel:
    known = _Known(store)
    document = None if known.manifest else known.next_document()
    schema = known.schema(document)
    return ListedModel(
        name=store.model,
        champion=known.champion.version if known.champion else None,
        promoted_at=known.champion.promoted_at if known.champion else None,
        metrics=known.manifest.metrics if known.manifest else {},
        target=schema.target.name if schema else None,
        rows=known.manifest.dataset.rows if known.manifest else None,
        trouble=known.trouble,
    )


class _Known:
    """What can be read of a model. `trouble`: the first thing that could not be."""

    def __init__(self, store: ModelStore) -> None:
        self._store = store
        self.champion: deployment.Champion | None = None
        self.manifest: Manifest | None = None
        self.trouble: str | None = None
        try:
            with suppress(NoChampion):
                self.champion, _ = deployment.read_champion(store)
            if self.champion:
                self.manifest = versions.read_manifest(
                    store, self.champion.version, self.champion.manifest_sha256
                )
        except (UnusableModel, NotFound) as error:
            self._note(error)

    def next_document(self) -> dict[str, Any] | None:
        """The schema for the next training; None where there is none, or it is damaged."""
        try:
            return read_document(self._store)
        except UnusableRecord as error:
            self._note(error)
        except NotFound:
            pass
        return None

    def schema(self, next_document: dict[str, Any] | None) -> Schema | None:
        """The champion's schema, else that of the next training, if there is one that can be used."""
        if self.manifest:
            return self.manifest.schema_of_rows
        if next_document is None:
            return None
        try:
            return parse_schema(next_document)
        except InvalidSchema as error:
            self._note(error)
            return None

    def _note(self, error: LifeboatError) -> None:
        self.trouble = self.trouble or str(error)


def _target(schema: Schema) -> TargetWords:
    negative, positive = schema.target.answers
    return TargetWords(name=schema.target.name, negative=negative, positive=positive)


def _features(schema: Schema) -> list[Feature]:
    derives = {derived.source: derived.name for derived in schema.derived}
    return [
        _feature(field, derives.get(field.name)) for field in (*schema.features, *schema.sources.values())
    ]


def _feature(field: SchemaField, derives: str | None) -> Feature:
    return Feature(
        name=field.name,
        type=field.type,
        description=field.description,
        example=field.example,
        required=field.required,
        categories=None if field.categories is None else list(field.categories),
        minimum=None if field.minimum == -LARGEST else field.minimum,
        maximum=None if field.maximum == LARGEST else field.maximum,
        derives=derives,
    )
