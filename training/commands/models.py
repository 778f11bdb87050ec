"""The commands that see to published models: which there are, what serves, and how that changes."""

import argparse
import getpass
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from pydantic import BaseModel

from functions.core.base.errors import InvalidInput, LifeboatError, NoChampion, UnusableModel
from functions.core.registry import deletion, deployment, versions
from functions.core.registry.card.writing import html_card, markdown_card
from functions.core.registry.comparison import compare
from functions.core.registry.deployment import Champion
from functions.core.registry.listing import ListedVersion, newest_first, summarize
from functions.core.registry.models import check_model_name, names, require_model
from functions.core.storage.contract import Store
from functions.core.storage.opening import open_store
from functions.core.storage.view import ModelStore

Row = Sequence[object]
Lines = Iterator[str]
METRICS = ("roc_auc", "log_loss", "brier")
CHANGES = 20


def add_commands(parser: argparse.ArgumentParser, store: argparse.ArgumentParser) -> None:
    """Give `parser` a command for each function below; `store` holds the option --store."""
    commands = parser.add_subparsers(title="commands", required=True)
    formats = argparse.ArgumentParser(add_help=False)
    formats.add_argument("--json", action="store_true", help="answer in JSON")

    purpose = "list the models there are, each with the version in service"
    every = commands.add_parser("all", help=purpose, description=purpose, parents=[store, formats])
    every.set_defaults(run=lambda options: _print(_all(open_store(options.store)), options))

    def command(name: str, run: Callable[[ModelStore, argparse.Namespace], Any], purpose: str) -> Any:
        added = commands.add_parser(name, help=purpose, description=purpose, parents=[store, formats])
        added.add_argument("--model", metavar="NAME", help="whose versions; default: the only model there is")
        added.set_defaults(
            run=lambda options: _print(run(model_named(options.store, options.model), options), options)
        )
        return added

    command("list", _list, "list the published versions, the newest first")
    command("show", _show, "show what is known of a version").add_argument("version")
    card = command("card", _card, "write the card of a version, in Markdown")
    card.add_argument("version")
    card.add_argument("--html", action="store_true", help="as a page of HTML")
    compared = command("compare", _compare, "set two versions side by side")
    compared.add_argument("left", help="a version")
    compared.add_argument("right", help="a version")
    promote = command("promote", _promote, "put a version into service")
    promote.add_argument("version")
    promote.add_argument("--force", action="store_true", help="whatever the gate said")
    rollback = command("rollback", _rollback, "put an earlier version back into service")
    rollback.add_argument("--to", metavar="VERSION", help="default: the last champion not abandoned since")
    for change in (promote, rollback):
        change.add_argument("--reason", required=True, help="for those who read the history")
    history = command("history", _history, "list the changes of champion, the newest first")
    history.add_argument(
        "--limit", type=int, default=CHANGES, help=f"at most so many, {CHANGES} if not given"
    )
    delete = command(
        "delete", _delete, "delete a version; never the champion or what a rollback would go back to"
    )
    delete.add_argument("version")


class _Answer:
    """What a command has to say: `data` for machines, `lines` for people."""

    def __init__(self, data: object, lines: Lines) -> None:
        self.data, self.lines = data, lines


def model_named(address: str, name: str | None) -> ModelStore:
    """The part of the store at `address` that holds the model of that name, or the only model there is.

    Raises `InvalidInput` when it is not clear which.
    """
    store = open_store(address)
    if name:
        named = ModelStore(store, check_model_name(name))
        require_model(named)
        return named
    # Before a first champion there may be versions that the gate held back.
    known = names(store) or sorted({entry.key.split("/")[1] for entry in store.list("models/")})
    if not known:
        raise InvalidInput("there is no model yet; upload a dataset, or train one")
    if len(known) > 1:
        raise InvalidInput(f"there are several models, so say which with --model: {', '.join(known)}")
    return ModelStore(store, known[0])


def _print(answer: _Answer, options: argparse.Namespace) -> int:
    if options.json:
        print(json.dumps(answer.data, indent=2, default=_plain))
    else:
        print("\n".join(answer.lines))
    return 0


def _plain(model: object) -> object:
    if isinstance(model, BaseModel):
        return model.model_dump(mode="json")
    raise TypeError(f"{type(model)} has no JSON")


def _all(store: Store) -> _Answer:
    def described(name: str) -> dict[str, str | None]:
        try:
            champion = deployment.read_champion(ModelStore(store, name))[0]
        except LifeboatError as error:
            return {"name": name, "champion": None, "promoted_at": None, "trouble": str(error)}
        promoted_at = f"{champion.promoted_at:%Y-%m-%d %H:%M}"
        return {"name": name, "champion": champion.version, "promoted_at": promoted_at, "trouble": None}

    models = [described(name) for name in names(store)]
    rows = [[model["name"], model["champion"] or model["trouble"], model["promoted_at"]] for model in models]
    lines = _table(["model", "champion", "promoted"], rows) if rows else iter(["there is no model yet"])
    return _Answer(models, lines)


def _list(store: ModelStore, _options: argparse.Namespace) -> _Answer:
    try:
        champion = deployment.read_champion(store)[0]
    except (NoChampion, UnusableModel):
        # A list is what helps to choose another champion.
        champion = None
    listed = summarize(store, newest_first(store), champion)
    heads = ["version", "standing", "published", "estimator", "dataset", *METRICS]
    rows = [_row(version, _standing(version, champion)) for version in listed]
    return _Answer(listed, _table(heads, rows) if rows else iter(["no version is published yet"]))


def _row(version: ListedVersion, standing: str) -> Row:
    row = [version.version, standing, f"{version.published_at:%Y-%m-%d %H:%M}"]
    summary = version.summary
    if summary is None:
        return [*row, version.trouble, "", *("" for _ in METRICS)]
    metrics = [summary.metrics.get(name) for name in METRICS]
    figures = [_figure(metric.value if metric else None) for metric in metrics]
    return [*row, summary.model, summary.dataset.key, *figures]


def _standing(version: ListedVersion, champion: Champion | None) -> str:
    if version.in_service:
        return "champion"
    if version.abandoned is not None:
        return "abandoned"
    return "previous" if champion and version.version == champion.previous else ""


def _show(store: ModelStore, options: argparse.Namespace) -> _Answer:
    manifest = versions.read_manifest(store, options.version)
    data, decision, proof = manifest.dataset, manifest.decision, manifest.certificate

    def lines() -> Lines:
        yield f"version      {manifest.version}, {manifest.model}, {manifest.created_at:%Y-%m-%d %H:%M} UTC"
        yield f"model        {manifest.name}, predicts {manifest.schema_of_rows.target.name}"
        yield f"dataset      {data.key}, {data.train_rows} rows to train on, {data.holdout_rows} held out"
        for name, metric in manifest.metrics.items():
            yield f"  {name:18} {metric.value:.4f}  (95 % {metric.low:.4f} to {metric.high:.4f})"
        rows = proof.rows + proof.edge_rows
        yield f"certificate  {rows} rows, largest difference {proof.largest_difference:.1e}"
        against = f" (champion: {decision.champion})" if decision.champion else ""
        yield f"gate         {'passed' if decision.promote else 'held back'}, {decision.rule}{against}"
        yield f"             {decision.reason}"
        for name, number in decision.numbers.items():
            yield f"  {name:24} {number:.4f}"
        if decision.slices:
            heads = list(dict.fromkeys(key for numbers in decision.slices.values() for key in numbers))
            rows_of = [
                [name, *(_figure(numbers.get(head)) for head in heads)]
                for name, numbers in decision.slices.items()
            ]
            yield from _table(["slice", *heads], rows_of)

    return _Answer(manifest, lines())


def _card(store: ModelStore, options: argparse.Namespace) -> _Answer:
    manifest = versions.read_manifest(store, options.version)
    card = html_card(manifest) if options.html else markdown_card(manifest)
    # What is printed ends with a line break of its own.
    return _Answer({"card": card}, iter([card.removesuffix("\n")]))


def _compare(store: ModelStore, options: argparse.Namespace) -> _Answer:
    compared = compare(store, options.left, options.right)
    target = versions.read_manifest(store, options.left).schema_of_rows.target

    def lines() -> Lines:
        yield "Each on its own holdout:"
        own = [
            [name, *(_figure(side.value if side else None) for side in (pair.left, pair.right))]
            for name, pair in compared.metrics.items()
        ]
        heads = ["", compared.left, compared.right]
        yield from _table(heads, own)
        yield f"On the {compared.shared_rows} held-out rows they share:"
        shared = [
            [name, _figure(pair.left), _figure(pair.right)] for name, pair in compared.on_shared_rows.items()
        ]
        yield from _table(heads, shared)
        yield f"They disagree on {compared.disagreements} of them; the farthest apart first:"
        for row in compared.rows:
            known = ", ".join(f"{name} {value}" for name, value in row.row.items() if value is not None)
            answer = json.dumps(target.answers[row.outcome], ensure_ascii=False)
            yield f"  {row.left:.3f}  {row.right:.3f}  {target.name} {answer}  {known}"

    return _Answer(compared, lines())


def _promote(store: ModelStore, options: argparse.Namespace) -> _Answer:
    champion = deployment.promote_by_hand(
        store, options.version, by=getpass.getuser(), reason=options.reason, force=options.force
    )
    return _changed(champion)


def _rollback(store: ModelStore, options: argparse.Namespace) -> _Answer:
    champion = deployment.rollback(store, to=options.to, by=getpass.getuser(), reason=options.reason)
    return _changed(champion)


def _changed(champion: Champion) -> _Answer:
    sentence = f"{champion.version} is in service, in place of {champion.previous or 'none'} "
    return _Answer(champion, iter([f"{sentence}(promotion {champion.sequence})"]))


def _history(store: ModelStore, options: argparse.Namespace) -> _Answer:
    promotions = list(islice(deployment.history(store), max(options.limit, 0)))
    rows = [
        [change.sequence, change.version, f"{change.promoted_at:%Y-%m-%d %H:%M}", change.by, change.reason]
        for change in promotions
    ]
    return _Answer(promotions, _table(["number", "version", "promoted", "by", "reason"], rows))


def _delete(store: ModelStore, options: argparse.Namespace) -> _Answer:
    deletion.delete(store, options.version, by=getpass.getuser())
    return _Answer({"deleted": options.version}, iter([f"{options.version} is deleted"]))


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _table(heads: Sequence[str], rows: Sequence[Row]) -> Lines:
    """Columns as wide as their widest cell, two spaces apart."""
    cells = [list(heads), *([str(cell if cell is not None else "") for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
