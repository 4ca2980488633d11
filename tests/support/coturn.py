"""A real TURN server, Debian's coturn, on the loopback interface."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Final, Self

from tests.support.certificate import make_certificate
from tests.support.programs import program

USER: Final = "ann"
PASSWORD: Final = "secret"  # noqa: S105 - of a server on the loopback
_BINDING: Final = b"\x00\x01\x00\x00\x21\x12\xa4\x42" + b"packhorse-01"  # RFC 8489 section 5
_READY_WITHIN: Final = 10.0  # seconds
_QUIET: Final = (
    "-n --no-cli --lt-cred-mech --realm=packhorse.test --allow-loopback-peers --fingerprint "
    "--no-software-attribute --no-rfc5780 --no-dtls --log-file=stdout --simple-log "
    "--listening-ip=127.0.0.1 --listening-ip=::1 --relay-ip=127.0.0.1 --relay-ip=::1"
)


class Coturn:
    """The server process; a context manager that ends it."""

    def __init__(self, folder: Path, *options: str, user: str = USER) -> None:
        """Choose ports and write a certificate.

        Args:
            folder: For its files.
            options: Of turnserver, beside our own.
            user: Who may allocate.
        """
        self.port = _free_port()
        """UDP and TCP."""
        self.tls_port = _free_port()
        self.certificate, key = make_certificate(folder, name="turn")
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._command = [program("turnserver"), *_QUIET.split(), *options]
        self._command += [f"--listening-port={self.port}", f"--tls-listening-port={self.tls_port}"]
        self._command += [f"--cert={self.certificate}", f"--pkey={key}"]
        self._command += [f"--user={user}:{PASSWORD}", f"--userdb={folder / 'turn.db'}"]
        self._command += [f"--pidfile={folder / 'turn.pid'}"]

    @property
    def udp(self) -> str:
        """Its URI over UDP."""
        return f"turn:127.0.0.1:{self.port}"

    @property
    def tcp(self) -> str:
        """Its URI over TCP."""
        return f"turn:127.0.0.1:{self.port}?transport=tcp"

    @property
    def tls(self) -> str:
        """Its URI over TLS."""
        return f"turns:127.0.0.1:{self.tls_port}"

    @property
    def log(self) -> str:
        """What it has written so far."""
        return (self._folder / "coturn.log").read_text("utf-8", "replace")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exc_info: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait until it answers."""
        with (self._folder / "coturn.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, cwd=self._folder, start_new_session=True
            )
        deadline = time.monotonic() + _READY_WITHIN
        while not self._answers():
            assert self._process.poll() is None, self.log
            assert time.monotonic() < deadline, self.log

    def stop(self) -> None:
        """End it at once: it says goodbye to nobody."""
        if self._process is not None and self._process.poll() is None:
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _answers(self) -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.1)
            try:
                sock.connect(("127.0.0.1", self.port))
                sock.send(_BINDING)
                return len(sock.recv(512)) > 0
            except OSError:
                time.sleep(0.02)
                return False


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
