"""The admin listener: answers GET over HTTP, one request a connection.

HTTP is parsed by `websockets`, which the relay needs anyway: its server hands every
request to a function before it would become a WebSocket, and here none does.
"""

import asyncio
import http
import json
import logging
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar, Final, NamedTuple, Self
from urllib.parse import parse_qs

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from packhorse.wire.address import TransportAddress, source_of
from packhorse_relay.admin.access import Access, Credentials, Verdict
from packhorse_relay.admin.metrics import CONTENT_TYPE
from packhorse_relay.admin.page import status_page

logger = logging.getLogger(__name__)

Remote = tuple[str, int]
"""Host and port that a request comes from."""

MAX_CONNECTIONS: Final = 64
_OPEN_TIMEOUT: Final = 5.0  # seconds until a request must be there
_MAX_FIELDS: Final = 8  # of a query
_MAX_NUMBER: Final = 15  # digits of a sample's number
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Connection": "close",
}
_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"
_REFUSALS: Final = {
    Verdict.BAD_HOST: (421, "ask by an address, or set admin_names\n"),
    Verdict.BAD_ORIGIN: (403, "another site may not ask\n"),
    Verdict.UNAUTHORIZED: (401, "needs the right admin token\n"),
    Verdict.LOCKED_OUT: (429, "too many wrong tokens: wait 30 s\n"),
    Verdict.BAD_METHOD: (405, "only GET\n"),
    Verdict.NOT_FOUND: (404, "no such page\n"),
}


class Answer(NamedTuple):
    """What is sent back."""

    body: bytes
    content_type: str = "text/plain; charset=utf-8"
    status: int = 200
    policy: str = _POLICY


@dataclass(frozen=True, slots=True)
class Views:
    """What the pages show."""

    is_ready: Callable[[], bool]
    metrics: Callable[[], bytes]
    status: Callable[[int, bool], dict[str, Any]]
    """From the number of a sample on; with codes and addresses or without."""


class AdminListener:
    """An async context manager that answers while it is open."""

    def __init__(self, access: Access, views: Views, address: tuple[str, int]) -> None:
        self._access = access
        self._views = views
        self._address = address
        self.requests: Counter[Verdict] = Counter()
        """Requests by what became of them."""

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        host, port = self._server.sockets[0].getsockname()[:2]
        return str(host), int(port)

    async def __aenter__(self) -> Self:
        """Start to listen.

        Raises:
            OSError: The address or the port cannot be had.
        """
        self._server: Server = await serve(
            _no_websocket,
            *self._address,
            process_request=self._process,
            create_connection=_Connection,
            compression=None,
            open_timeout=_OPEN_TIMEOUT,
            server_header=None,
            logger=_silent_logger(),
        )
        return self

    async def __aexit__(self, *_exc_info: object) -> None:
        self._server.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._server.wait_closed(), _OPEN_TIMEOUT)

    def _process(self, connection: ServerConnection, request: Request) -> Response:
        remote: Remote = connection.remote_address[:2]
        try:
            verdict, answer = self._answer(request, remote)
        except Exception:
            logger.exception("a request to the admin listener raised: this is a bug")
            return _response(Answer(b"internal error\n", status=500))
        self.requests[verdict] += 1
        if answer is None:
            status, text = _REFUSALS[verdict]
            answer = Answer(text.encode(), status=status)
            _log_refusal(verdict, remote)
        return _response(answer)

    def _answer(self, request: Request, remote: Remote) -> tuple[Verdict, Answer | None]:
        shown = _credentials(request, remote)
        if getattr(request, "method", "GET") != "GET":
            return Verdict.BAD_METHOD, None
        path, _, asked = request.path.partition("?")
        if path in _PAGES:
            verdict = self._access.check_page(shown)
            return verdict, _PAGES[path](self._views) if verdict is Verdict.OK else None
        if path not in _DATA:
            return Verdict.NOT_FOUND, None
        query = _query(asked)
        now = asyncio.get_running_loop().time()
        verdict = self._access.check_data(shown, reveal="reveal" in query, now=now)
        return verdict, _DATA[path](self._views, query) if verdict is Verdict.OK else None


class _Connection(ServerConnection):
    """Refuses to be one too many."""

    _open: ClassVar[set[ServerConnection]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count it, and end it where there are enough."""
        super().connection_made(transport)
        self._open.add(self)
        if len(self._open) > MAX_CONNECTIONS:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Count it no more."""
        self._open.discard(self)
        super().connection_lost(exc)


def _health(_views: Views) -> Answer:
    return Answer(b"ok\n")


def _readiness(views: Views) -> Answer:
    is_ready = views.is_ready()
    return Answer(b"ready\n" if is_ready else b"not ready\n", status=200 if is_ready else 503)


def _page(_views: Views) -> Answer:
    page = status_page()
    return Answer(page.body, "text/html; charset=utf-8", policy=page.policy)


def _metrics(views: Views, _query: dict[str, list[str]]) -> Answer:
    return Answer(views.metrics(), CONTENT_TYPE)


def _status(views: Views, query: dict[str, list[str]]) -> Answer:
    since = query.get("since", ["0"])[0]
    is_number = since.isascii() and since.isdigit() and len(since) <= _MAX_NUMBER
    fields = views.status(int(since) if is_number else 0, "reveal" in query)
    return Answer(json.dumps(fields).encode(), "application/json")


_PAGES: Final = {"/": _page, "/healthz": _health, "/readyz": _readiness}
_DATA: Final = {"/metrics": _metrics, "/api/status": _status}


def _query(asked: str) -> dict[str, list[str]]:
    """Return the fields of a query; none of one that has more than we know."""
    try:
        return parse_qs(asked, keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError:
        return {}


def _credentials(request: Request, remote: Remote) -> Credentials:
    headers = request.headers
    return Credentials(
        hosts=headers.get_all("Host"),
        origins=headers.get_all("Origin"),
        sites=headers.get_all("Sec-Fetch-Site"),
        authorizations=headers.get_all("Authorization"),
        source=source_of(TransportAddress(*remote)),
    )


def _response(answer: Answer) -> Response:
    headers = Headers(_HEADERS)
    headers["Content-Type"] = answer.content_type
    headers["Content-Length"] = str(len(answer.body))
    headers["Content-Security-Policy"] = answer.policy
    if answer.status == http.HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    phrase = http.HTTPStatus(answer.status).phrase
    return Response(answer.status, phrase, headers, answer.body)


def _log_refusal(verdict: Verdict, remote: Remote) -> None:
    if verdict in (Verdict.UNAUTHORIZED, Verdict.LOCKED_OUT):
        # The address goes into the limiter, not into the line.
        logger.warning("admin: a request was refused: %s", verdict, extra={"source": remote[0]})


def _silent_logger() -> logging.Logger:
    """Return a logger for what `websockets` says of every stranger's connection."""
    silent = logging.getLogger("packhorse_relay.admin.http")
    silent.setLevel(logging.CRITICAL + 1)
    return silent


async def _no_websocket(connection: ServerConnection) -> None:
    """Never called: every request is answered before."""
    await connection.close()
