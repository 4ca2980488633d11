"""What one socket brings, batch by batch: receive, look up, charge, send."""

import errno
import os
import socket
import sys
from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby
from struct import pack
from typing import Final

from packhorse.aio.segmentation import MAX_SEGMENTED, MAX_SEGMENTS
from packhorse.aio.udp import ANY_HOST
from packhorse.wire.constants import HEADER_SIZE, MAX_DATAGRAM
from packhorse_relay.core.data_budget import DataBudget
from packhorse_relay.core.forwarding import ForwardingTable
from packhorse_relay.dataplane.compiled import (
    FANOUT_SIZE,
    NOT_UNICAST,
    CompiledRoutes,
    Fanout,
    Unicast,
)
from packhorse_relay.dataplane.memory import FanoutBatch, ReceiveBatch, SegmentBatch, UnicastBatch
from packhorse_relay.dataplane.message_layout import NATIVE
from packhorse_relay.dataplane.portable import PortablePlane
from packhorse_relay.dataplane.socket_address import decode_address, encode_address
from packhorse_relay.dataplane.system import SystemCalls, can_segment

BATCH: Final = 64  # datagrams; larger batches cost no less each

_RUN_FROM: Final = 16  # datagrams, from which it pays to add up what they cost
_SEGMENT_FROM: Final = 8  # datagrams of a run, from which it may be worth sorting them
_SEGMENT_SHARE: Final = 4  # datagrams for each receiver, from which it is
_WORD: Final = NATIVE.word_format


class Lane:
    """Forwards the batches of one socket, and hands over what is no plain unicast one by one."""

    def __init__(
        self,
        plane: PortablePlane,
        table: ForwardingTable,
        listener: int,
        sock: socket.socket,
        calls: SystemCalls,
    ) -> None:
        self._plane = plane
        self._answers = table.routes.setdefault(listener, {})
        self.routes = CompiledRoutes(listener, sock.family)
        """What was made of the table's answers."""
        self._look_up = self.routes.unicasts.__getitem__
        self._hand_over = plane.receiver(listener)
        self._fd = sock.fileno()
        self._calls = calls
        name = encode_address((ANY_HOST[socket.AddressFamily(sock.family)], 0), sock.family)
        self._in = ReceiveBatch(NATIVE, name, BATCH)
        self._out = UnicastBatch(NATIVE, len(name), BATCH)
        self._out.bases[:] = self._in.datagrams
        self._places = [pack(_WORD, base) for base in self._in.datagrams]
        self._fanout = FanoutBatch(NATIVE, len(name), FANOUT_SIZE)
        self._segments = SegmentBatch(NATIVE, len(name), BATCH)
        self._can_segment = can_segment(sock)
        self._lengths: list[int] = []

    def receive(self) -> int:
        """Receive a batch without waiting; returns how many datagrams, 0 when there are none.

        Raises:
            OSError: The system has something to say, such as about an earlier send.
        """
        count = self._calls.receive(self._fd, self._in.messages, BATCH)
        if count >= 0:
            self._lengths = self._in.lengths[:count].tolist()
            return count
        if count == -errno.EAGAIN:
            return 0
        raise OSError(-count, os.strerror(-count))

    def forward(self) -> bool:
        """Act upon the batch that was received, in order.

        Returns:
            Whether nothing of it went to the control plane.
        """
        routes, lengths, at = self.routes, self._lengths, 0
        is_plain = True
        while at < len(lengths):
            first, changes = at, routes.changes
            names, words, budgets = zip(*self._entries(at), strict=True)
            while at < len(lengths) and changes == routes.changes:
                end = _charge(budgets[at - first :], lengths, at)
                if end > at:
                    self._send(at, names[at - first : end - first], words[at - first : end - first])
                at = end
                if at < len(lengths):
                    is_plain = self._look_at(at) and is_plain
                    at += 1
        return is_plain

    def _entries(self, first: int) -> list[Unicast]:
        """Return what is known of each datagram from `first` on."""
        lengths = self._lengths
        entries = [*map(self._look_up, self._in.keys(first, len(lengths)))]
        different = {lengths[0]} if _are_equal(lengths) else set(lengths)
        if min(different) <= HEADER_SIZE or max(different) > MAX_DATAGRAM:
            for index, length in enumerate(lengths[first:]):
                if not HEADER_SIZE < length <= MAX_DATAGRAM:
                    entries[index] = NOT_UNICAST
        return entries

    def _send(self, at: int, names: Sequence[bytes], words: Iterable[bytes]) -> None:
        """Send a run of the batch, each datagram to one receiver."""
        end = at + len(names)
        self._plane.datagrams_forwarded += len(names)
        self._in.words[at:end] = memoryview(b"".join(words)).cast("Q")
        if (
            len(names) >= _SEGMENT_FROM
            and self._can_segment
            and len(set(names)) * _SEGMENT_SHARE <= len(names)
        ):
            self._send_segmented(at, names)
            return
        self._out.names[at:end] = memoryview(b"".join(names)).cast(_WORD)
        self._out.lengths[at:end] = self._in.lengths[at:end]
        self._send_all(self._out, at, len(names))

    def _send_all(self, batch: UnicastBatch | FanoutBatch, first: int, count: int) -> None:
        """Send messages; one that the system refuses is counted and left out."""
        message = batch.messages + first * batch.message_size
        while count > 0:
            done = self._calls.send(self._fd, message, count)
            if done <= 0:
                self._plane.send_failures += 1
                done = 1
            message += done * batch.message_size
            count -= done

    def _send_segmented(self, at: int, names: Sequence[bytes]) -> None:
        """Send a run with one message for all equally long datagrams of a receiver in a row."""
        indexes: defaultdict[bytes, list[int]] = defaultdict(list)
        for index, name in enumerate(names, at):
            indexes[name].append(index)
        places, lengths, segments = self._places, self._lengths, self._segments
        pieces = [*_pieces(indexes.values(), lengths)]
        order = [index for piece in pieces for index in piece]
        bases = b"".join([places[index] for index in order])
        segments.bases[: len(order)] = memoryview(bases).cast(_WORD)
        sizes = array("I", map(lengths.__getitem__, order))
        segments.lengths[: len(order)] = memoryview(sizes)
        pointers = b"".join([names[piece[0] - at] for piece in pieces])
        segments.names[: len(pieces)] = memoryview(pointers).cast(_WORD)
        start = 0
        for number, piece in enumerate(pieces):
            segments.write(number, start, len(piece), sizes[start])
            start += len(piece)
        self._send_pieces(at, names, pieces)

    def _send_pieces(
        self, at: int, names: Sequence[bytes], pieces: Sequence[Sequence[int]]
    ) -> None:
        """Send what `_send_segmented` has put together; refused pieces go one by one."""
        segments, sent = self._segments, 0
        while sent < len(pieces):
            message = segments.messages + sent * segments.message_size
            done = self._calls.send(self._fd, message, len(pieces) - sent)
            if done <= 0:
                # A device without checksums in hardware; others refuse what they cannot carry.
                self._can_segment = self._can_segment and done != -errno.EIO
                for index in pieces[sent]:
                    self._send_again(index, names[index - at])
                done = 1
            sent += done

    def _send_again(self, index: int, name: bytes) -> None:
        self._out.names[index] = int.from_bytes(name, sys.byteorder)
        self._out.lengths[index] = self._lengths[index]
        self._send_all(self._out, index, 1)

    def _look_at(self, index: int) -> bool:
        """Act upon one datagram; False when it went to the control plane."""
        length = self._lengths[index]
        if not HEADER_SIZE < length <= MAX_DATAGRAM:
            self._hand_over(self._in.datagram(index), decode_address(self._in.name(index)))
            return False
        key = self._in.key(index)
        fanout = self.routes.fanouts.get(key)
        if fanout is not None and _has_some(fanout.budget):
            self._send_copies(index, fanout)
            return True
        source, datagram = decode_address(self._in.name(index)), self._in.datagram(index)
        before = self._plane.datagrams_forwarded
        self._hand_over(datagram, source)
        route = self._answers.get(source, {}).get(datagram[:HEADER_SIZE])
        if route is not None and not self.routes.knows(key):
            self.routes.learn(key, route)
        return self._plane.datagrams_forwarded != before

    def _send_copies(self, index: int, fanout: Fanout) -> None:
        length = self._lengths[index]
        fanout.budget.octets -= fanout.copies * length
        fanout.budget.datagrams -= fanout.copies
        self._plane.datagrams_forwarded += 1
        payload = self._in.datagrams[index] + HEADER_SIZE
        for names, words in fanout.chunks:
            self._fanout.write(names, words, payload, length - HEADER_SIZE)
            self._send_all(self._fanout, 0, len(names))
        if fanout.others:
            self._plane.send_copies(fanout.others, self._in.datagram(index)[HEADER_SIZE:])


def _charge(budgets: Sequence[DataBudget], lengths: list[int], at: int) -> int:
    """Take from each budget what its datagram costs; returns where one is empty."""
    if len(budgets) >= _RUN_FROM and _charge_runs(budgets, lengths):
        return len(lengths)
    for budget, length in zip(budgets, lengths[at:], strict=True):
        if budget.octets <= 0 or budget.datagrams <= 0:
            return at
        budget.octets -= length
        budget.datagrams -= 1
        at += 1
    return at


def _charge_runs(budgets: Sequence[DataBudget], lengths: list[int]) -> bool:
    """Take what equally long datagrams cost, if all can pay; tells whether."""
    if not _has_some(budgets[0]) or not _are_equal(lengths):
        return False
    size = lengths[0]
    counts: defaultdict[DataBudget, int] = defaultdict(int)
    for budget in budgets:
        counts[budget] += 1
    for budget, count in counts.items():
        if budget.octets <= count * size or budget.datagrams <= count:
            return False
    for budget, count in counts.items():
        budget.octets -= count * size
        budget.datagrams -= count
    return True


def _has_some(budget: DataBudget) -> bool:
    return budget.octets > 0 and budget.datagrams > 0


def _are_equal(lengths: Sequence[int]) -> bool:
    return lengths.count(lengths[0]) == len(lengths)


def _pieces(
    receivers: Collection[Sequence[int]], lengths: Sequence[int]
) -> Collection[Sequence[int]]:
    """Return what the kernel may cut from one piece each, of datagrams by receiver."""
    if _are_equal(lengths) and len(lengths) <= _most_segments(lengths[0]):
        return receivers
    return [piece for indexes in receivers for piece in _cut(indexes, lengths)]


def _most_segments(size: int) -> int:
    return min(MAX_SEGMENTS, MAX_SEGMENTED // size)


def _cut(indexes: Sequence[int], lengths: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield what is equally long and not too much, of the datagrams for one receiver."""
    start = 0
    for size, run in groupby(map(lengths.__getitem__, indexes)):
        end, most = start + len(list(run)), _most_segments(size)
        for at in range(start, end, most):
            yield indexes[at : min(end, at + most)]
        start = end
