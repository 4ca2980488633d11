"""The load: datagrams by sendmmsg, counted by recvmmsg, lost ones told and not hidden."""

import ctypes
import errno
import socket
import time
from array import array
from collections.abc import Sequence
from itertools import cycle
from typing import Final, NamedTuple

from packhorse.wire.constants import HEADER_SIZE
from packhorse_relay.bench.loaded import PAYLOAD, Flow, LoadedRelay
from packhorse_relay.dataplane.memory import ReceiveBatch, UnicastBatch
from packhorse_relay.dataplane.message_layout import NATIVE
from packhorse_relay.dataplane.system import SystemCalls

BURST: Final = 16  # datagrams a member sends at once
GROUP: Final = 8  # members that send before all is awaited

_NAME: Final = bytes(16)  # struct sockaddr_in
_BATCH: Final = 64
_LOOK_EVERY: Final = 32  # datagrams
_MOST_LOSSES: Final = 5  # turns of a run
_LOST_AFTER: Final = 0.5  # seconds in which nothing comes
_SIZES: Final = {len(PAYLOAD), HEADER_SIZE + len(PAYLOAD)}  # what sessions say differs


class Result(NamedTuple):
    """Of one run."""

    expected: int
    """Copies that the relay was to send."""
    received: int
    cpu: float
    """Seconds of the relay, user and system."""

    @property
    def microseconds(self) -> float:
        """Processor time for one copy that arrived."""
        return self.cpu / max(1, self.received) * 1e6


class _Messages:
    """Datagrams that a socket sends by one call."""

    def __init__(self, sock: socket.socket, datagrams: list[bytes]) -> None:
        self.fd = sock.fileno()
        self.count = len(datagrams)
        self._copies = [ctypes.create_string_buffer(each, len(each)) for each in datagrams]
        self._batch = UnicastBatch(NATIVE, len(_NAME), self.count)
        words = array(NATIVE.word_format, map(ctypes.addressof, self._copies))
        self._batch.bases[:] = memoryview(words)
        self._batch.lengths[:] = memoryview(array("I", map(len, datagrams)))
        self.address = self._batch.messages


_Turn = tuple[Sequence[_Messages], Sequence[socket.socket]]
"""What is sent before all is awaited, and where it arrives."""


class Generator:
    """Sends and counts, with what a batch needs prepared."""

    def __init__(self) -> None:
        self._calls = SystemCalls.of_this_system()
        self._in = ReceiveBatch(NATIVE, _NAME, _BATCH)

    def bursts(self, relay: LoadedRelay, rounds: int) -> Result:
        """Let 8 members send 16 datagrams each, await all, let the next 8 members send."""
        relay.keep_sessions()
        messages = [_Messages(flow.sock, [flow.datagram] * BURST) for flow in relay.flows]
        groups = [slice(at, at + GROUP) for at in range(0, len(messages), GROUP)]
        turns = [(messages[group], relay.receivers[group]) for group in groups] * rounds
        return self._await_each(relay, turns, 1)

    def mixed(self, relay: LoadedRelay, turns: Sequence[Sequence[tuple[Flow, int]]]) -> Result:
        """Send what each turn has, one by one, and await it.

        Args:
            relay: What forwards it.
            turns: Flows, and the numbers of the members that they go to.
        """
        sockets = [member.sock for member in relay.members]
        expected, received, before = 0, 0, relay.cpu_seconds()
        for turn in turns:
            for flow, _ in turn:
                flow.sock.send(flow.datagram)
            expected += len(turn)
            receivers = [sockets[number] for number in {number for _, number in turn}]
            received += self._take(receivers, len(turn))
        return Result(expected, received, relay.cpu_seconds() - before)

    def evenly(self, relay: LoadedRelay, rate: float, seconds: float) -> Result:
        """Let one datagram come after the other, the members in turn."""
        relay.keep_sessions()
        flows, sent, received = cycle(relay.flows), 0, 0
        before, start = relay.cpu_seconds(), time.monotonic()
        while (elapsed := time.monotonic() - start) < seconds:
            if sent < elapsed * rate:
                flow = next(flows)
                flow.sock.send(flow.datagram)
                sent += 1
                if sent % _LOOK_EVERY == 0:
                    received += sum(self._count(sock) for sock in relay.receivers)
        received += self._take(relay.receivers, sent - received)
        return Result(sent, received, relay.cpu_seconds() - before)

    def fan_outs(self, relay: LoadedRelay, rounds: int) -> Result:
        """Let the first member send 16 datagrams to all others, await all copies, again."""
        relay.keep_sessions()
        host = relay.members[0]
        message = _Messages(host.sock, [host.datagram_to(0, PAYLOAD)] * BURST)
        turn = ([message], relay.receivers)
        return self._await_each(relay, [turn] * rounds, len(relay.members) - 1)

    def unicasts_to_all(self, relay: LoadedRelay, rounds: int) -> Result:
        """Let the first member send the same by one datagram for each copy."""
        relay.keep_sessions()
        host, *others = relay.members
        message = _Messages(host.sock, [host.datagram_to(each.peer, PAYLOAD) for each in others])
        return self._await_each(relay, [([message] * BURST, relay.receivers)] * rounds, 1)

    def _await_each(self, relay: LoadedRelay, turns: Sequence[_Turn], copies: int) -> Result:
        """Send what each turn has and await it; stop where much is lost, for that takes long."""
        expected, received, losses = 0, 0, 0
        before = relay.cpu_seconds()
        for messages, receivers in turns:
            for message in messages:
                self._send(message)
            due = copies * sum(message.count for message in messages)
            came = self._take(receivers, due)
            expected, received, losses = expected + due, received + came, losses + (came < due)
            if losses == _MOST_LOSSES:
                break
        return Result(expected, received, relay.cpu_seconds() - before)

    def _send(self, message: _Messages) -> None:
        done = self._calls.send(message.fd, message.address, message.count)
        if done != message.count:
            raise OSError(-done if done < 0 else errno.ENOBUFS, "the load could not be sent")

    def _take(self, sockets: Sequence[socket.socket], expected: int) -> int:
        """Receive until all has come, or nothing more comes."""
        received, last = 0, time.monotonic()
        while received < expected:
            count = sum(self._count(sock) for sock in sockets)
            received += count
            if count:
                last = time.monotonic()
            elif time.monotonic() > last + _LOST_AFTER:
                break
        return received

    def _count(self, sock: socket.socket) -> int:
        """Receive what is there; returns how much of it was load."""
        count = 0
        while (got := self._calls.receive(sock.fileno(), self._in.messages, _BATCH)) > 0:
            count += sum(length in _SIZES for length in self._in.lengths[:got])
            if got < _BATCH:
                break
        return count
