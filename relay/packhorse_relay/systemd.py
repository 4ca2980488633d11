"""Tell systemd how the relay is; nothing happens where it was not started by systemd.

Source: sd_notify(3).
"""

import logging
import os
import socket
from collections.abc import Mapping

logger = logging.getLogger(__name__)

_MICROSECONDS = 1_000_000


class Notifier:
    """Sends datagrams to the socket that systemd named."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog_interval = _watchdog_interval(environment)
        """Seconds between signs of life; None where none are asked for."""

    def ready(self, status: str) -> None:
        """The relay listens; `status` is one line for `systemctl status`."""
        self._send(f"READY=1\nSTATUS={status}")

    def reloading(self, *, now: float) -> None:
        """The configuration is being read again; `now` is the monotonic clock's."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={int(now * _MICROSECONDS)}")

    def stopping(self) -> None:
        """The relay is about to end."""
        self._send("STOPPING=1")

    def alive(self) -> None:
        """A sign of life for the watchdog."""
        self._send("WATCHDOG=1")

    def _send(self, text: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
                sock.sendto(text.encode(), self._address)
        except OSError as error:
            logger.debug("systemd cannot be told: %s", error)


def _watchdog_interval(environment: Mapping[str, str]) -> float | None:
    """Return half of the time after which systemd loses patience."""
    asked = environment.get("WATCHDOG_USEC", "")
    is_ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    if not (is_ours and asked.isascii() and asked.isdigit() and int(asked)):
        return None
    return int(asked) / _MICROSECONDS / 2
