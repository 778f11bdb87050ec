"""Lets only programs that know the run's credentials use the embedded store: no stranger, and no web page but
to an address that was handed out to it."""

import io
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from xml.sax.saxutils import escape

from functions.local.process.environment import Credentials
from functions.local.process.hosts import is_this_machine
from functions.local.store.signatures import Signature

WSGIApplication = Callable[[dict[str, Any], Any], Iterable[bytes]]

# What the functions use. The emulator knows hundreds more.
_SERVICES = frozenset({"s3", "ssm"})
# The emulator's own routes: one of them forgets everything that it holds.
_EMULATOR = ("/moto-api", "/latest/")


class StoreGuard:
    """A WSGI application that answers 403 to whom `application` is not for.

    A page in a browser can send a request to any port of the machine. It names its `Origin` when it writes,
    it knows no credentials, and where its own name leads here (DNS rebinding), it names another host. The
    pages of the run send files to addresses that were signed for them; whose pages may do that, and read the
    answer, the bucket says (CORS), which is asked before: that question tells nothing and changes nothing.
    """

    def __init__(self, application: WSGIApplication, credentials: Credentials) -> None:
        self._application = application
        self._credentials = credentials

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if reason := self._refusal(environ):
            return _refuse(reason, start_response)
        return self._application(environ, start_response)

    def _refusal(self, environ: dict[str, Any]) -> str | None:
        """Why this request is refused; None for one that is not."""
        if not is_this_machine(environ.get("HTTP_HOST", "")):
            return "the store of a runner is asked by the address that the runner prints, not by another name"
        if str(environ.get("PATH_INFO", "")).startswith(_EMULATOR):
            return "the emulator's own routes are not for use here"
        if _is_preflight(environ):
            return None
        signature = Signature.read_address(environ.get("QUERY_STRING", ""), datetime.now(UTC))
        if "HTTP_ORIGIN" in environ and signature is None:
            return (
                "the store of a runner answers no web page: this request has an Origin, and its address was "
                "not handed out, or has expired"
            )
        signature = signature or Signature.read(environ.get("HTTP_AUTHORIZATION", ""))
        if signature is None:
            return (
                "sign the request with the run's credentials, in the header (Signature Version 4), or use an "
                "address that was handed out and has not expired"
            )
        if signature.service not in _SERVICES:
            return f"here are s3 and ssm, not {signature.service}"
        # The body of a stranger is not even read.
        if signature.key == self._credentials.access_key and signature.is_of(
            self._credentials,
            environ["REQUEST_METHOD"],
            # As it was sent: PATH_INFO is decoded.
            environ["RAW_URI"],
            _headers(environ),
            _read(environ),
        ):
            return None
        return "the request is not signed with the credentials of this run, which its state file holds"


def _is_preflight(environ: dict[str, Any]) -> bool:
    """Whether a browser asks what a page may ask next."""
    asked = {"HTTP_ORIGIN", "HTTP_ACCESS_CONTROL_REQUEST_METHOD"}
    return environ["REQUEST_METHOD"] == "OPTIONS" and asked <= {*environ}


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    sent = {name.removeprefix("HTTP_"): value for name, value in environ.items() if name.startswith("HTTP_")}
    sent |= {name: environ[name] for name in ("CONTENT_TYPE", "CONTENT_LENGTH") if environ.get(name)}
    return {name.replace("_", "-").lower(): value for name, value in sent.items()}


def _read(environ: dict[str, Any]) -> bytes:
    """The body, which the application can read once more; nothing of one whose length is not told."""
    length = environ.get("CONTENT_LENGTH") or ""
    if not length.isdecimal():
        return b""
    body: bytes = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _refuse(reason: str, start_response: Any) -> Iterable[bytes]:
    status = HTTPStatus.FORBIDDEN
    code, message = "AccessDenied", escape(reason)
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
    headers = [("content-type", "application/xml"), ("content-length", str(len(body)))]
    start_response(f"{status.value} {status.phrase}", headers)
    return [body]
