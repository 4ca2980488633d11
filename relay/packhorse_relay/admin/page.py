"""The status page: one document without anything from elsewhere."""

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import Final, NamedTuple

_FOLDER: Final = "packhorse_relay.admin"


class Page(NamedTuple):
    """A document, and what a browser may do with it."""

    body: bytes
    policy: str
    """Content-Security-Policy."""


@cache
def status_page() -> Page:
    """Return the page; its one style and one script are allowed by their hashes."""
    style, script = _read("status.css"), _read("status.js")
    body = _read("status.html").replace("/*style*/", style).replace("/*script*/", script)
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    return Page(body.encode(), policy)


def _read(name: str) -> str:
    return resources.files(_FOLDER).joinpath(name).read_text("utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
