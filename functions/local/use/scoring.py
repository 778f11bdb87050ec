"""`score FILE`: have a file scored by the running API, watch how far it is, and fetch the result."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import httpx
from tqdm import tqdm

from functions.core.base.errors import LifeboatError
from functions.core.identity.key_list import add, revoke
from functions.core.identity.keys import make_key
from functions.core.schema.tables.header import listed
from functions.core.storage.contract import Store
from functions.core.storage.parameter_opening import open_parameter

Say = Callable[[str], None]
Answer = dict[str, Any]

POLL_SECONDS = 0.5
_PART_BYTES = 16 * 2**20
_TIMEOUT = httpx.Timeout(60.0, write=600.0)


class ScoringRefused(LifeboatError):
    """The API did not take the file, or could not score it; the text says why."""


@contextmanager
def own_key(place: str | None, say: Say) -> Iterator[dict[str, str]]:
    """The headers of a key that may have files scored, for as long as this takes. place: of the API's keys;
    None for an API that wants none."""
    if place is None:
        yield {}
        return
    now = datetime.now(UTC)
    text, key = make_key(["predict"], "make score", now, 1)
    parameter = open_parameter(place)
    add(parameter, key, now)
    try:
        yield {"x-api-key": text}
    finally:
        try:
            revoke(parameter, key.id, datetime.now(UTC))
        except LifeboatError as error:
            say(f"the key {key.id} was not revoked, it expires within a day: {error}")


def score_file(
    api: str, headers: dict[str, str], store: Store, file: Path, result: Path, *, explain: bool, say: Say
) -> bool:
    """Upload `file`, wait until it is scored, and write the result. Returns whether there is one.

    api: the beginning of the addresses of a model's routes, on this machine. What is begun and comes to no
    end here, as by Ctrl-C, is cancelled. Raises `ScoringRefused`; `OSError` for a file that cannot be read.
    """
    size = file.stat().st_size
    if not result.parent.is_dir():
        raise ScoringRefused(f"there is no folder {result.parent} for the result: make it, or name another")
    try:
        # Whatever proxy the environment names, it does not lead to this machine.
        with httpx.Client(headers=headers, timeout=_TIMEOUT, trust_env=False) as client:
            job = _answer(client.post(f"{api}/scoring", json={"file": file.name, "explain": explain}))
            say(f"Upload     {file.name} ({size:,} bytes) to {job['key']}")
            with _cancelled_unless_ended(client, f"{api}/scoring/{job['job']}", say) as address:
                _send(store, file, job)
                job = _watch(client, address)
        if job["state"] != "done":
            say(f"{job['state'].capitalize():<10} {job['reason']}")
            return False
        _fetch(store, job, result)
    except httpx.HTTPError as error:
        raise ScoringRefused(_no_answer(error)) from error
    _say_scored(job, result, say)
    return True


def _say_scored(job: Answer, result: Path, say: Say) -> None:
    columns = job["columns"]
    say(f"Columns    used: {listed(columns['used'])}")
    if columns["passed_over"]:
        say(f"             passed over: {listed(columns['passed_over'])}")
    if columns["missing"]:
        say(f"             missing: {listed(columns['missing'])}")
    for note in columns["notes"]:
        say(f"             {note}")
    rate = f", {job['rows_per_second']:,.0f} rows/s" if job["rows_per_second"] else ""
    say(f"Scored     {job['rows']:,} rows by version {job['version']} in {job['seconds']:.1f} s{rate}")
    if job["bad_rows"]:
        say(f"             {job['bad_rows']:,} of them bad: their column `error` says why")
    say(f"Result     {result} ({job['result_bytes']:,} bytes)")


@contextmanager
def _cancelled_unless_ended(client: httpx.Client, address: str, say: Say) -> Iterator[str]:
    """Have the job at this address cancelled if nobody waits for its end."""
    try:
        yield address
    except BaseException:
        with suppress(httpx.HTTPError):
            client.delete(address)
            say("Cancelled")
        raise


def _no_answer(error: httpx.HTTPError) -> str:
    # The query of an address that was handed out is what it can be used by.
    place = error.request.url.copy_with(query=None)
    return (
        f"{place} gave no answer ({type(error).__name__}: {error}): is the runner (make run) still up? The "
        "file can be sent again"
    )


def result_path(file: Path) -> Path:
    """Beside the file: `march.csv.gz` is scored into `march.scored.csv`, and so is `march.parquet`."""
    name = file.name.removesuffix(".gz").removesuffix(".csv").removesuffix(".parquet")
    return file.with_name(f"{name}.scored.csv")


def _answer(response: httpx.Response) -> Answer:
    body: Answer = response.json()
    if response.is_error and "error" not in body:
        # The gateway's own words, which say nothing of the function behind it.
        raise ScoringRefused(
            f"the API answered {response.status_code} ({body.get('message')}); the runner (make run) logs "
            "why, and the file can be sent again"
        )
    if response.is_error:
        detail = "; ".join(str(fault["msg"]) for fault in body.get("detail", ()))
        raise ScoringRefused(f"{body['error']}{f' ({detail})' if detail else ''}")
    return body


def _send(store: Store, file: Path, job: Answer) -> None:
    """The file to the address that the job has for it; to the store itself where that has no addresses."""
    with file.open("rb") as stream:
        if job["upload"]:
            size = str(file.stat().st_size)
            sent = httpx.put(
                job["upload"]["url"],
                content=_pieces(stream),
                headers={"content-length": size, "content-type": "application/octet-stream"},
                timeout=_TIMEOUT,
            )
            if sent.is_error:
                raise ScoringRefused(f"the store did not take the file: {sent.status_code} {sent.text[:500]}")
            return
        upload = store.begin_upload(job["key"])
        parts = [
            store.upload_part(job["key"], upload, number, body)
            for number, body in enumerate(_pieces(stream), start=1)
        ]
        store.complete_upload(job["key"], upload, parts)


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    while piece := stream.read(_PART_BYTES):
        yield piece


def _watch(client: httpx.Client, address: str) -> Answer:
    """What the job is in the end, with a bar meanwhile, where there is a terminal."""
    with tqdm(unit=" rows", unit_scale=True, desc="Scoring", leave=False, disable=None) as bar:
        while True:
            job = _answer(client.get(address))
            bar.total = job["lines"]
            bar.n = job["rows"]
            bar.set_postfix_str(f"{job['bad_rows']:,} bad" if job["bad_rows"] else job["state"])
            if job["state"] not in ("waiting", "running"):
                return job
            time.sleep(POLL_SECONDS)


def _fetch(store: Store, job: Answer, result: Path) -> None:
    """Written beside first: whoever finds the file finds all of it."""
    part = result.with_name(f".{result.name}.part")
    try:
        with part.open("wb") as stream:
            if job["result"]:
                with httpx.stream("GET", job["result"]["url"], timeout=_TIMEOUT) as answer:
                    answer.raise_for_status()
                    for piece in answer.iter_raw(1 << 20):
                        stream.write(piece)
            else:
                with store.open(job["result_key"]) as source:
                    shutil.copyfileobj(source, stream, 1 << 20)
        part.replace(result)
    finally:
        part.unlink(missing_ok=True)
