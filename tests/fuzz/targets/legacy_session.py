"""A member's session at a legacy relay: its datagrams, and time."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from packhorse.core.legacy_session import LegacySession, LegacyState
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import LEGACY_MAX_ID, LEGACY_MAX_PEERS
from packhorse.wire.errors import LocalProtocolError
from packhorse.wire.legacy import decode_legacy, encode_legacy
from tests.fuzz.oracles import advance, check
from tests.fuzz.script import Script, written

_RELAY: Final = TransportAddress("192.0.2.1", 6969)
_WAITS: Final = (1.0, 6.0, 16.0, 61.0, 301.0)  # seconds
_IDS: Final = (1, 2, LEGACY_MAX_ID)


class World:
    """What a script can do, and what must hold all the while."""

    def __init__(self, script: Script) -> None:
        self._now = 100.0
        self._session = LegacySession(script.pick(_IDS), _RELAY, now=self._now)
        self.steps = {
            "raw": lambda script: self._give(script.blob()),
            "tick": lambda script: self._pass(script.number() / 16),
            "wait": lambda script: self._pass(script.pick(_WAITS)),
            "from": lambda script: self._give(encode_legacy(1 + script.number(), script.blob())),
            "send": self._send,
            "leave": lambda _: self._session.leave(),
            "echo": lambda _: self._give(encode_legacy(self._session.peer_id)),
        }

    def _give(self, data: bytes) -> None:
        self._session.receive_datagram(data, _RELAY, now=self._now)
        check(len(self._session.peers) < LEGACY_MAX_PEERS, "peers")
        self._drain(self._now)

    def _send(self, script: Script) -> None:
        with suppress(LocalProtocolError):
            self._session.encode_data(b"x", script.number(), now=self._now)

    def _pass(self, seconds: float) -> None:
        until = self._now + seconds
        advance(self._session, self._drain, now=self._now, until=until)
        self._now = until

    def _drain(self, now: float) -> None:
        self._now = now
        for data, _ in self._session.datagrams_to_send():
            decode_legacy(data)
        while self._session.next_event() is not None:
            pass

    def finish(self) -> None:
        """See that a session whose relay has fallen silent ends."""
        self._pass(2 * max(_WAITS))
        check(self._session.state is LegacyState.CLOSED, "a session outlives its relay")
        check(self._session.next_timeout() is None, "a deadline after the end")


def seeds() -> Iterable[bytes]:
    """Return a script for the host, and one for another id."""
    steps = list(World(Script(b"")).steps)
    play = ("tick", 1, "echo", "from", 1, b"", "from", 2, b"hi", "from", 0, b"hi", "send", 2)
    for number in range(len(_IDS)):
        yield bytes([number]) + written(steps, *play, "wait", 2, "echo", "wait", 1, "leave")


def run(data: bytes) -> None:
    """Play a script against a session."""
    script = Script(data)
    world = World(script)
    script.play(world.steps)
    world.finish()
