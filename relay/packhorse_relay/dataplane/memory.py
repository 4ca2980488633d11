"""Memory that the kernel and we both read and write: message headers, slots, columns.

A column is one field of many messages, as a strided memoryview: the fields of a whole batch
are written by one assignment.
"""

import ctypes
import socket
import struct
from array import array
from collections.abc import Iterator
from typing import Final, Literal

from packhorse.aio.segmentation import UDP_SEGMENT
from packhorse.wire.constants import HEADER_SIZE
from packhorse_relay.dataplane.message_layout import MessageLayout

Key = tuple[bytes]
"""Of a datagram: its address, a gap of zeros, its header."""
_Kind = Literal["H", "I", "Q"]
_SLOT: Final = 1472  # bytes; what is longer than a datagram may be arrives cut, and too long
_GAP: Final = 2  # zero bytes before a header, which make 8 of it
_HEADER: Final = 8
_LENGTH: Final[_Kind] = "I"  # of what is 4 bytes long: lengths of names and of datagrams


class Block:
    """Zeroed memory with a fixed address."""

    def __init__(self, size: int) -> None:
        self._bytes = (ctypes.c_char * size)()
        self.address = ctypes.addressof(self._bytes)
        self.view = memoryview(self._bytes).cast("B")

    def column(self, kind: _Kind, start: int, stride: int) -> memoryview:
        """Return the values of a format that stand at `start`, `start + stride`, ..."""
        size = struct.calcsize(kind)
        return self.view.cast(kind)[start // size :: stride // size]


def word_of(prefix: bytes) -> bytes:
    """Return the 8 bytes that put a header in its place."""
    return bytes(_GAP) + prefix


def header_offset(name_size: int) -> int:
    """Return where the datagram starts in a slot that begins with the address."""
    return -(-name_size // _HEADER) * _HEADER + _GAP


class _Messages:
    """An array of struct mmsghdr, and of the iovecs they point to."""

    def __init__(self, layout: MessageLayout, name_size: int, count: int, vectors: int) -> None:
        self.layout = layout
        self._headers = Block(count * layout.message)
        self._vectors = Block(count * vectors * layout.vector)
        self.messages = self._headers.address
        """Address of the first message."""
        self.message_size = layout.message
        self._header_column(_LENGTH, layout.name_length)[:] = array(_LENGTH, [name_size] * count)
        words = layout.word_format
        step = vectors * layout.vector
        firsts = range(self._vectors.address, self._vectors.address + count * step, step)
        self.vectors = self._header_column(words, layout.vectors)
        self.vectors[:] = array(words, firsts)
        self.vector_counts = self._header_column(words, layout.vector_count)
        self.vector_counts[:] = array(words, [vectors] * count)
        self.names = self._header_column(words, layout.name)
        """Column of pointers to addresses."""

    def _header_column(self, kind: _Kind, start: int) -> memoryview:
        return self._headers.column(kind, start, self.layout.message)


class ReceiveBatch(_Messages):
    """Slots for datagrams, each with the address of its sender right in front of it.

    So the address, a gap of zeros and the header are one key of fixed length.
    """

    def __init__(self, layout: MessageLayout, name: bytes, count: int) -> None:
        """Make slots.

        Args:
            layout: Of this system.
            name: Any address of the socket's family, for its size.
            count: Slots.
        """
        super().__init__(layout, len(name), count, 1)
        self.count = count
        self._name_size = len(name)
        self._at = header_offset(len(name))
        self._slots = Block(count * _SLOT)
        start, words = self._slots.address, layout.word_format
        self.names[:] = array(words, range(start, start + count * _SLOT, _SLOT))
        self.datagrams: Final = array(
            words, range(start + self._at, start + self._at + count * _SLOT, _SLOT)
        )
        """Addresses of the datagrams."""
        bases = self._vectors.column(words, 0, layout.vector)
        bases[:] = self.datagrams
        lengths = self._vectors.column(words, layout.word, layout.vector)
        lengths[:] = array(words, [_SLOT - self._at] * count)
        self.lengths = self._header_column(_LENGTH, layout.length)
        """Column of the datagrams' lengths."""
        self.words = self._slots.column("Q", self._at - _GAP, _SLOT)
        """Column of the headers; assigning one of `word_of` replaces a header."""
        self._key_size = self._at + HEADER_SIZE
        self._keys = struct.Struct(f"{self._key_size}s{_SLOT - self._key_size}x")

    def keys(self, start: int, stop: int) -> Iterator[Key]:
        """Yield address and header of each datagram as a tuple of one."""
        return self._keys.iter_unpack(self._slots.view[start * _SLOT : stop * _SLOT])

    def key(self, index: int) -> Key:
        """Return the key of one datagram."""
        return (bytes(self._slots.view[index * _SLOT : index * _SLOT + self._key_size]),)

    def name(self, index: int) -> bytes:
        """Return the address of the sender of a datagram."""
        return bytes(self._slots.view[index * _SLOT : index * _SLOT + self._name_size])

    def datagram(self, index: int) -> bytes:
        """Return one datagram."""
        start = index * _SLOT + self._at
        return bytes(self._slots.view[start : start + self.lengths[index]])


class UnicastBatch(_Messages):
    """Messages of one piece, each to an address of its own."""

    def __init__(self, layout: MessageLayout, name_size: int, count: int) -> None:
        super().__init__(layout, name_size, count, 1)
        words = layout.word_format
        self.bases = self._vectors.column(words, 0, layout.vector)
        """Column of pointers to datagrams."""
        self.lengths = self._vectors.column(_LENGTH, layout.word + layout.low_half, layout.vector)
        """Column of the datagrams' lengths."""

    def write_copy(self, name: bytes, datagram: bytes) -> None:
        """Make the first message one of these bytes, which are copied."""
        self._copy = Block(len(name) + len(datagram))
        self._copy.view[:] = name + datagram
        self.names[0] = self._copy.address
        self.bases[0] = self._copy.address + len(name)
        self.lengths[0] = len(datagram)


class FanoutBatch(_Messages):
    """Messages of two pieces: a header of their own, and a payload that all share."""

    def __init__(self, layout: MessageLayout, name_size: int, count: int) -> None:
        super().__init__(layout, name_size, count, 2)
        self.count = count
        self._kind = words = layout.word_format
        self._headers_to_send = Block(count * _HEADER)
        first = self._headers_to_send.address + _GAP
        step = 2 * layout.vector
        self._vectors.column(words, 0, step)[:] = array(
            words, range(first, first + count * _HEADER, _HEADER)
        )
        self._vectors.column(words, layout.word, step)[:] = array(words, [HEADER_SIZE] * count)
        self._words = self._headers_to_send.column("Q", 0, _HEADER)
        self._payloads = self._vectors.column(words, layout.vector, step)
        self._lengths = self._vectors.column(words, layout.vector + layout.word, step)

    def write(self, names: memoryview, words: memoryview, payload: int, length: int) -> None:
        """Fill in one message for each of at most `count` names."""
        copies = len(names)
        self.names[:copies] = names
        self._words[:copies] = words
        self._payloads[:copies] = array(self._kind, [payload]) * copies
        self._lengths[:copies] = array(self._kind, [length]) * copies


class SegmentBatch(UnicastBatch):
    """Messages that the kernel cuts into equally long datagrams to one address (UDP_SEGMENT)."""

    def __init__(self, layout: MessageLayout, name_size: int, count: int) -> None:
        super().__init__(layout, name_size, count)
        words = layout.word_format
        space = layout.control_space(2)
        self._controls = Block(count * space)
        first = self._controls.address
        self._header_column(words, layout.control)[:] = array(
            words, range(first, first + count * space, space)
        )
        self._control_lengths = self._header_column(words, layout.control_length)
        self._sizes = self._controls.column("H", layout.control_header, space)
        self._control_space = space
        header = layout.control_header + 2
        for start in range(0, count * space, space):
            struct.pack_into(
                f"={words}ii", self._controls.view, start, header, socket.IPPROTO_UDP, UDP_SEGMENT
            )

    def write(self, index: int, first: int, copies: int, size: int) -> None:
        """Make a message of the datagrams from `first` on, all of them `size` bytes long."""
        self.vectors[index] = self._vectors.address + first * self.layout.vector
        self.vector_counts[index] = copies
        self._sizes[index] = size
        self._control_lengths[index] = self._control_space if copies > 1 else 0
