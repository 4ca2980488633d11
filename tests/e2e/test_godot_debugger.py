"""What a running game tells a debugger: reports of its peers, twice a second, until they close."""

import socket
import threading
import time
from typing import Final

import pytest

from tests.support.godot import start_godot
from tests.support.godot_member import GodotMember
from tests.support.relay_process import RelayProcess

pytestmark = pytest.mark.usefixtures("godot")

_SHOW: Final = "res://tests/e2e/debugged.gd"
_PATIENCE: Final = 60.0  # seconds


class Listener:
    """Takes the place of the editor: keeps all bytes of one game; a context manager."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self.heard = b""
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> "Listener":
        self._thread.start()
        return self

    def __exit__(self, *_exc_info: object) -> None:
        self._server.close()
        self._thread.join(5)

    def wait_for(self, text: bytes, count: int) -> None:
        """Wait until `text` has been heard so often."""
        deadline = time.monotonic() + _PATIENCE
        while self.heard.count(text) < count:
            assert time.monotonic() < deadline, f"no {count} times {text!r}"
            time.sleep(0.05)

    def _listen(self) -> None:
        connection, _ = self._server.accept()
        with connection:
            while data := connection.recv(65536):
                self.heard += data


def test_debugged_game_reports_its_peers_until_they_close() -> None:
    with RelayProcess() as relay, GodotMember() as host, Listener() as editor:
        code = host.create(relay.address)
        remote = ["--remote-debug", f"tcp://127.0.0.1:{editor.port}"]
        command = [*remote, "-s", _SHOW, "--", relay.address, code, "6"]
        with start_godot(command) as game:
            game.wait_for("connected", timeout=_PATIENCE)
            editor.wait_for(b"packhorse:report", 3)
            assert editor.heard.count(code.encode()) >= 3
            assert b"wire_bytes_sent" in editor.heard

            editor.wait_for(b"packhorse:closed", 1)
            game.wait(timeout=_PATIENCE)
