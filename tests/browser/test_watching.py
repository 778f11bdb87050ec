"""The tests would see what they say is not there: a planted fault of each kind is found."""

from playwright.sync_api import Response

from tests.browser.conftest import Visit
from tests.browser.test_looks import violations
from tests.browser.visits import Visitor

_IMAGE = "document.getElementById('app').insertAdjacentHTML('beforeend', {!r})"


def test_every_file_of_the_pages_has_a_policy_that_allows_nothing_unsafe(visit: Visit) -> None:
    visitor = visit()
    policies: dict[str, str] = {}

    def note(response: Response) -> None:
        policies[response.url] = response.headers.get("content-security-policy", "none")

    visitor.page.on("response", note)
    visitor.page.goto(f"{visitor.api}/docs")
    visitor.settle()
    assert any(url.endswith("/app.js") for url in policies)
    for url, policy in policies.items():
        # The document of the API is no page, and neither is the way to it.
        if "/assets/" in url or url.endswith("/"):
            assert policy.startswith("default-src 'none'; script-src 'self' 'sha256-"), url
            assert "unsafe" not in policy
            assert "*" not in policy


def test_a_request_to_another_origin_is_kept_from_leaving_and_seen(visit: Visit) -> None:
    visitor = visit()
    visitor.page.evaluate("fetch('http://127.0.0.2:1/x').catch(() => {})")
    visitor.page.wait_for_function("() => window.injected.length")
    (trace,) = taken_back(visitor)
    assert trace.startswith("policy: connect-src")
    assert any("127.0.0.2" in one for one in visitor.seen.unexpected())
    visitor.seen.trouble.clear()
    del visitor.seen.origins["http://127.0.0.2:1"]


def test_a_script_in_injected_markup_does_not_run_and_is_seen(visit: Visit) -> None:
    visitor = visit()
    visitor.page.evaluate(_IMAGE.format("<img src=x onerror=alert(1)>"))
    visitor.page.wait_for_function("() => window.injected.length")
    traces = taken_back(visitor)
    assert any(trace.startswith("policy: script-src") for trace in traces)
    assert not any(trace.startswith("alert") for trace in traces)
    assert "1 elements of injected markup" in traces
    visitor.page.evaluate("document.querySelector('img[onerror]').remove()")
    visitor.seen.trouble.clear()


def test_a_label_that_is_missing_is_found_by_axe(visit: Visit) -> None:
    page = visit().page
    assert violations(page) == []
    page.evaluate("document.querySelector('label[for=key]').remove()")
    assert any(one.startswith("label") for one in violations(page))


def test_a_text_that_is_too_faint_is_found_by_axe(visit: Visit) -> None:
    page = visit(color_scheme="dark").page
    page.evaluate("document.querySelector('h1').style.color = '#333'")
    assert any(one.startswith("color-contrast") for one in violations(page))


def taken_back(visitor: Visitor) -> list[str]:
    """The traces in a page, which are then gone."""
    traces = visitor.injected()
    visitor.page.evaluate("window.injected.length = 0")
    return traces
