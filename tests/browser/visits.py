"""Visits to the pages: who signs in, on what screen, and what the browser saw that nobody may see."""

import time
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Page, Request

from functions.local.issuer import PEOPLE
from tests.stories.local_stack import Stack

# No wait is longer than this.
SECONDS = 30
# In each page before its own scripts: whatever an injected script would call leaves a trace.
_TRACES = """
window.injected = [];
for (const name of ["alert", "confirm", "prompt", "print"])
    window[name] = (text) => void window.injected.push(name + text);
addEventListener("securitypolicyviolation", (event) =>
    window.injected.push(`policy: ${event.violatedDirective} of ${event.blockedURI}`));
"""


@dataclass
class Seen:
    """What a browser asked for and said: requests by origin, errors, dialogs, breaches of the policy."""

    origin: str
    origins: Counter[str] = field(default_factory=Counter)
    # Other origins that a test sends the page to.
    allowed: set[str] = field(default_factory=set)
    authorization: str = ""
    trouble: list[str] = field(default_factory=list)
    # Parts of messages that a test provokes.
    expected: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("request", self._asked)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.trouble.append(f"error: {error}"))
        page.on("dialog", self._opened)

    def _asked(self, request: Request) -> None:
        address = urlsplit(request.url)
        # What a page makes itself, a file to save, leaves no machine.
        if address.scheme in ("blob", "data"):
            return
        self.origins[f"{address.scheme}://{address.netloc}"] += 1
        self.authorization = request.headers.get("authorization", self.authorization)

    def _opened(self, dialog: Dialog) -> None:
        self.trouble.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _said(self, message: ConsoleMessage) -> None:
        # A refusal of the API stands in the console as an error, too; the tests look for it in the page.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.trouble.append(f"{message.type}: {message.text}")

    def unexpected(self) -> list[str]:
        """What must not have happened."""
        foreign = [f"asked {origin}" for origin in self.origins if origin not in {self.origin, *self.allowed}]
        return foreign + [one for one in self.trouble if not any(part in one for part in self.expected)]


@dataclass
class Visitor:
    """Somebody at a page of `stack`, signed in as `role`, or not."""

    page: Page
    context: BrowserContext
    stack: Stack
    role: str | None
    seen: Seen

    @property
    def api(self) -> str:
        return self.stack.api

    def go(self, *parts: str, heading: str | None = None) -> Page:
        """Go to a page of the shipped model, such as `models`, and wait for its heading."""
        self.page.evaluate("to => { location.hash = to; }", "/".join(["#", "titanic", *parts]))
        if heading:
            self.page.get_by_role("heading", level=1, name=heading).wait_for()
        return self.page

    def settle(self) -> Page:
        """Wait until nothing is being loaded."""
        self.page.wait_for_load_state("networkidle")
        self.page.wait_for_function("() => !document.querySelector('.busy:not(:has(progress))')")
        return self.page

    def ask(self, method: str, path: str, **given: Any) -> httpx.Response:
        """A request past the pages, with what the page signed in with."""
        headers = {"authorization": self.seen.authorization}
        return httpx.request(
            method, f"{self.api}{path}", headers=headers, timeout=SECONDS, trust_env=False, **given
        )

    def injected(self) -> list[str]:
        """The traces of scripts that are none of the pages', and of what the policy kept from running."""
        traces: list[str] = self.page.evaluate("window.injected")
        markup = self.page.locator("img[src='x'], #app script, svg[onload], [onerror]").count()
        return traces + [f"{markup} elements of injected markup"] * bool(markup)


def open_page(context: BrowserContext, stack: Stack, role: str | None) -> Visitor:
    """A new tab of `context`, in which somebody of `role` has signed in; None: nobody yet."""
    context.set_default_timeout(SECONDS * 1000)
    context.add_init_script(_TRACES)
    page = context.new_page()
    visitor = Visitor(page, context, stack, role, Seen(stack.api))
    visitor.seen.watch(page)
    if role:
        sign_in(page, stack, role)
    else:
        page.goto(f"{stack.api}/")
    page.get_by_role("heading", level=1).first.wait_for()
    return visitor


# What the provider knows a browser by, of each person: their link works once.
_cookies: dict[tuple[str, str], list[Any]] = {}


def sign_in(page: Page, stack: Stack, role: str) -> None:
    """Sign in as one of `PEOPLE`: by the link that the runner has printed for them, or else by a key."""
    known = _cookies.get((stack.api, role))
    if known:
        page.context.add_cookies(known)
        page.goto(f"{stack.api}/?sign-in=1")
    elif link := stack.links.get(role):
        page.goto(link)
    else:
        return sign_in_with_key(page, stack, role)
    page.get_by_role("navigation", name="Pages").wait_for()
    _cookies[stack.api, role] = list(page.context.cookies(f"{stack.api}/login/"))
    return None


def sign_in_with_key(page: Page, stack: Stack, role: str) -> None:
    """Sign in with a key that may do what one of `PEOPLE` may."""
    key = make_key(stack, role)
    page.goto(f"{stack.api}/")
    page.get_by_label("key", exact=False).fill(key)
    page.get_by_role("button", name="Use this key").click()
    page.get_by_role("navigation", name="Pages").wait_for()


@lru_cache
def make_key(stack: Stack, role: str) -> str:
    """A key of a role, the same each time."""
    made = httpx.post(
        f"{stack.api}/keys",
        json={"scopes": list(PEOPLE[role]), "note": f"{role} of the tests", "models": [], "days": 1},
        headers=stack.headers,
        timeout=SECONDS,
        trust_env=False,
    )
    made.raise_for_status()
    key: str = made.json()["key"]
    # The authorizer reads the keys again each second.
    until = time.monotonic() + SECONDS
    while not _counts(stack, key):
        assert time.monotonic() < until, f"the key of {role} does not count"
        time.sleep(0.1)
    return key


def _counts(stack: Stack, key: str) -> bool:
    asked = httpx.get(f"{stack.api}/me", headers={"x-api-key": key}, timeout=SECONDS, trust_env=False)
    return asked.is_success
