"""The files of the pages as they are served: hashed, compressed, under a strict policy."""

import base64
import gzip
import hashlib
import json
import re
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

from functions.pages.settings import PagesSettings
from functions.pages.uploads import uploads_at

STATIC = Path(__file__).parent / "static"
# All of a line, in the manner of JSDoc.
_COMMENT = re.compile(rb"^[ \t]*/\*\* (?:(?!\*/).)*\*/[ \t]*$", re.MULTILINE)
_INDEX = "index.html"
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
}
# What the pages' modules call the libraries in `vendor`.
_LIBRARIES = {
    "preact": "preact.js",
    "preact/hooks": "preact-hooks.js",
    "htm": "htm.js",
    "uplot": "uplot.js",
}
# An asset's address has the hash of all files in it: what it names never changes.
_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Served:
    """A file as it is answered: its bytes in gzip, its type, and for how long it may be kept."""

    compressed: bytes
    content_type: str
    cache_control: str
    etag: str


class Site:
    """Every file of the pages. `policy` is the Content-Security-Policy that all of them are served with."""

    def __init__(self, settings: PagesSettings, folder: Path = STATIC) -> None:
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in _files(folder)}
        self._index = files.pop(_INDEX).decode()
        self._digest = _digest_of(files)
        self._assets = {name: serve(name, as_sent(name, body), _FOR_EVER) for name, body in files.items()}
        self._login = _login(settings)
        self._import_map = json.dumps(
            {"imports": {name: f"./assets/{self._digest}/vendor/{file}" for name, file in _LIBRARIES.items()}}
        )
        self._uploads = uploads_at(settings.store)
        self.policy = _policy(self._import_map, settings, self._uploads)

    def index(self, base: str) -> Served:
        """The page itself, for an API whose routes stand below `base`, which begins and ends with a slash."""
        page = self._index
        for name, text in {
            "login": escape(json.dumps(self._login)),
            "uploads": escape(self._uploads),
            "base": escape(base),
            "assets": f"assets/{self._digest}",
            "importmap": self._import_map,
        }.items():
            page = page.replace(f"{{{name}}}", text)
        return serve(_INDEX, page.encode(), "no-cache")

    def asset(self, digest: str, name: str) -> Served | None:
        """A file by its name. None for one that there is not, or not in the state of `digest`."""
        return self._assets.get(name) if digest == self._digest else None


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in _TYPES)


def as_sent(name: str, body: bytes) -> bytes:
    """A script without the comments that fill a line: types and words for whoever reads it here. Each leaves
    its line, so that the browser's messages name the lines that stand here."""
    if name.startswith("vendor/") or not name.endswith(".js"):
        return body
    return _COMMENT.sub(b"", body)


def _digest_of(files: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, body in sorted(files.items()):
        digest.update(f"{name}\n{len(body)}\n".encode() + body)
    return digest.hexdigest()[:16]


def serve(name: str, body: bytes, cache_control: str) -> Served:
    """A file as it is answered, by the ending of its name."""
    compressed = gzip.compress(body, mtime=0)
    etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    return Served(compressed, _TYPES[Path(name).suffix], cache_control, etag)


def _login(settings: PagesSettings) -> dict[str, str]:
    if not settings.login_authorize:
        return {}
    return {
        "authorize": settings.login_authorize,
        "token": settings.login_token,
        "logout": settings.login_logout,
        "client": settings.login_client,
        "scope": settings.login_scope,
        **({"audience": settings.login_request_audience} if settings.login_request_audience else {}),
    }


def _policy(import_map: str, settings: PagesSettings, uploads: str) -> str:
    """Own files only. The map of the libraries stands in the page, and is named by its hash. Beside the API,
    the pages ask the log-in provider, and send files to where `uploads` says.
    """
    pinned = base64.b64encode(hashlib.sha256(import_map.encode()).digest()).decode()
    provider = urlsplit(settings.login_token)
    elsewhere = f" {provider.scheme}://{provider.netloc}" if provider.netloc else ""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self' 'sha256-{pinned}'",
            "style-src 'self'",
            "img-src 'self'",
            f"connect-src 'self'{elsewhere}{uploads and f' {uploads}'}",
            "base-uri 'self'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )
