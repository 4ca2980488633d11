"""What waits for a stream that takes no more for now: control first, the oldest data gives way."""

from collections import deque
from typing import Final

from packhorse.wire.constants import (
    WS_QUEUE_BYTES,
    WS_QUEUE_CONTROL,
    WS_QUEUE_DATAGRAMS,
    FirstByte,
)

_CONTROL: Final = frozenset({FirstByte.CTRL, FirstByte.SEAL})


class SendQueue:
    """Datagrams for one connection (SPEC.md WS-3)."""

    def __init__(self) -> None:
        self._control: deque[bytes] = deque()
        self._data: deque[bytes] = deque()
        self._data_bytes = 0
        self.dropped = 0
        """Datagrams that gave way to newer ones."""

    def __len__(self) -> int:
        return len(self._control) + len(self._data)

    @property
    def is_overrun(self) -> bool:
        """Tell whether more control waits than any reader that is alive lets wait."""
        return len(self._control) > WS_QUEUE_CONTROL

    def push(self, datagram: bytes) -> None:
        """Add a datagram of at least one byte."""
        if datagram[0] in _CONTROL:
            self._control.append(datagram)
            return
        self._data.append(datagram)
        self._data_bytes += len(datagram)
        while len(self._data) > WS_QUEUE_DATAGRAMS or self._data_bytes > WS_QUEUE_BYTES:
            self._data_bytes -= len(self._data.popleft())
            self.dropped += 1

    def pop(self) -> bytes | None:
        """Return what goes next and forget it."""
        if self._control:
            return self._control.popleft()
        if not self._data:
            return None
        datagram = self._data.popleft()
        self._data_bytes -= len(datagram)
        return datagram
