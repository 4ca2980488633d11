"""A TCP transport that a test looks at."""

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from packhorse.middleman.tcp_connection import Connection


class FakeTransport(asyncio.Transport):
    """Takes everything that is written, unless it is full or broken."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.is_reading_now = True
        self.has_ended = False
        self.is_closed = False
        self.was_aborted = False
        self.fills_up = False
        """The next write finds no place: the protocol is told to pause."""
        self.is_broken = False
        self.protocol: Connection | None = None

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ARG002
        """Return that there is nothing."""
        return default

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Check that the protocol is told of every byte that waits."""
        assert (high, low) == (0, None)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take bytes."""
        self.written += data
        if self.fills_up and self.protocol is not None:
            self.protocol.pause_writing()

    def write_eof(self) -> None:
        """End the direction."""
        if self.is_broken:
            raise OSError(107, "Transport endpoint is not connected")
        self.has_ended = True

    def pause_reading(self) -> None:
        """Read no more."""
        self.is_reading_now = False

    def resume_reading(self) -> None:
        """Read on."""
        self.is_reading_now = True

    def is_closing(self) -> bool:
        """Tell whether it was closed or aborted."""
        return self.is_closed or self.was_aborted

    def close(self) -> None:
        """Close in order."""
        self.is_closed = True

    def abort(self) -> None:
        """Close at once."""
        self.was_aborted = True
