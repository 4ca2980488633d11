"""A headless Chromium that shows one page, driven over its DevTools protocol."""

import json
import shutil
import tempfile
import threading
import time
from contextlib import ExitStack
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from websockets.sync.client import ClientConnection, connect

from tests.support.processes import Started

_START_TIMEOUT: Final = 60.0  # seconds; the first start on a busy machine is slow
_STEP: Final = 0.1  # seconds between looks at the page
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str | None:
    """Return the program, or None when there is none."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_args: object) -> None:
        """Say nothing."""


class PageServer:
    """Serves a folder on the loopback interface; a context manager."""

    def __init__(self, folder: Path) -> None:
        handler = partial(_QuietHandler, directory=str(folder))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Where the folder is."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Chromium:
    """One browser; a context manager."""

    def __init__(self, program: str) -> None:
        """Start it without a page.

        Args:
            program: What `find_chromium` gave.
        """
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"]
        options += ["--disable-dev-shm-usage", "--disable-background-networking"]
        options += ["--remote-debugging-port=0", f"--user-data-dir={self._profile.name}"]
        self._process = Started([program, *options, "about:blank"])
        self._stack = ExitStack()
        self._connection: ClientConnection | None = None
        self._last_id = 0
        self._session: str | None = None

    def __enter__(self) -> Self:
        try:
            line = self._process.wait_for("DevTools listening on ", timeout=_START_TIMEOUT)
            url = line.partition("listening on ")[2].strip()
            opening = connect(url, max_size=None, proxy=None)
            self._connection = self._stack.enter_context(opening)
            target = self._call("Target.createTarget", url="about:blank")["targetId"]
            attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
            self._session = attached["sessionId"]
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._end()

    def show(self, url: str) -> None:
        """Go to a page."""
        self._call("Page.navigate", url=url)

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression, which may be a promise."""
        told = self._call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def wait_for(self, expression: str, *, timeout: float) -> Any:
        """Return the value of an expression once it is neither null nor undefined.

        Raises:
            AssertionError: It still is after `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            value = self.evaluate(expression)
            if value is not None:
                return value
            time.sleep(_STEP)
        shown = self.evaluate("document.body.innerText")
        raise AssertionError(f"no {expression} within {timeout} s; the page shows: {shown}")

    def _call(self, method: str, **params: object) -> dict[str, Any]:
        assert self._connection is not None
        self._last_id += 1
        request: dict[str, object] = {"id": self._last_id, "method": method, "params": params}
        if self._session is not None:
            request["sessionId"] = self._session
        self._connection.send(json.dumps(request))
        while True:
            answer: dict[str, Any] = json.loads(self._connection.recv(timeout=_START_TIMEOUT))
            if answer.get("id") == self._last_id:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    def _end(self) -> None:
        self._stack.close()
        self._process.stop()
        self._profile.cleanup()
