"""A relay process with an admin listener, and a client that sends any header."""

import http.client
import json
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple, Self
from urllib.parse import urlsplit

from tests.support.processes import Started
from tests.support.relays import LOOPBACK

COMMAND: Final = [sys.executable, "-m", "packhorse", "relay"]
_TIMEOUT: Final = 10.0  # seconds


class Reply(NamedTuple):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class WatchedRelay:
    """A relay with an admin listener; use it as a context manager."""

    def __init__(
        self, state: Path, *options: str, admin: str = "0", env: dict[str, str] | None = None
    ) -> None:
        """Start it and wait until it listens.

        Args:
            state: Its state directory.
            options: Further options.
            admin: What `--admin` is given.
            env: Added to our environment.
        """
        fixed = ["--bind", LOOPBACK, "--port", "0", "--json", "--state-dir", str(state)]
        self.process = Started([*COMMAND, *fixed, "--admin", admin, *options], env=env)
        try:
            self.told: dict[str, Any] = json.loads(self.process.wait_for('"listening"'))
        except BaseException:
            self.process.stop()
            raise
        self.state = state
        self.address = f"{LOOPBACK}:{self.told['port']}"
        self.admin_port = urlsplit(self.told["admin"]).port or 0
        self.url = f"http://{LOOPBACK}:{self.admin_port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc_info: object) -> None:
        self.process.stop()

    @property
    def token_file(self) -> Path:
        """Where the relay keeps its admin token."""
        return self.state / "admin-token"

    @property
    def bearer(self) -> dict[str, str]:
        """The header that holds the right token."""
        return {"Authorization": f"Bearer {self.token_file.read_text().strip()}"}

    def get(
        self, path: str, headers: Mapping[str, str | bytes] | None = None, method: str = "GET"
    ) -> Reply:
        """Ask once; `headers` may replace `Host`."""
        connection = http.client.HTTPConnection(LOOPBACK, self.admin_port, timeout=_TIMEOUT)
        with closing(connection):
            connection.request(method, path, headers=dict(headers or {}))
            answer = connection.getresponse()
            return Reply(answer.status, dict(answer.getheaders()), answer.read())
