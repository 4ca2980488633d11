"""Whoever asks STUN servers: their answers, those of strangers, and time."""

from collections.abc import Iterable
from typing import Final

from packhorse.core.stun_client import GIVE_UP, StunClient
from packhorse.wire.address import TransportAddress
from packhorse.wire.stun import TRANSACTION_SIZE, encode_success, is_stun
from tests.fuzz.oracles import advance, check, decoded
from tests.fuzz.script import Script, written
from tests.support.stun_samples import ANSWER_IPV4, ANSWER_IPV6

_SERVER: Final = TransportAddress("198.51.100.1", 6969)
_ADDRESSES: Final = (
    _SERVER,
    _SERVER._replace(port=6970),
    TransportAddress("203.0.113.1", 6969),
    TransportAddress("2001:db8::1", 6969),
)
_MOST: Final = 16  # requests that wait at a time
_REQUEST: Final = 80  # bytes
_HEAD: Final = 8  # bytes before the transaction


class World:
    """What a script can do, and what must hold all the while."""

    def __init__(self, _script: Script) -> None:
        self._client = StunClient(self._transaction)
        self._now = 100.0
        self._transactions = 0
        self._asked: set[int] = set()
        self._sent: list[bytes] = []
        """Transactions of requests, the newest last."""
        self.steps = {
            "ask": self._ask,
            "answer": self._answer,
            "forge": self._forge,
            "raw": lambda script: self._give(script, script.blob()),
            "tick": lambda script: self._pass(script.number() / 64),
        }

    def finish(self) -> None:
        """See that every request has come to an end, and once only."""
        self._pass(GIVE_UP)
        check(not self._asked, "a request without a result")
        check(self._client.next_timeout() is None, "a deadline for nothing")

    # Steps.

    def _ask(self, script: Script) -> None:
        target, other = script.pick(_ADDRESSES), bool(script.number() & 1)
        self._asked.add(self._client.ask(target, from_other_port=other, now=self._now))
        self._drain(self._now)

    def _answer(self, script: Script) -> None:
        mapped, other_port = script.pick(_ADDRESSES), script.number(2) or None
        self._give(script, encode_success(self._known(script), mapped, other_port))

    def _forge(self, script: Script) -> None:
        """Say anything under a transaction that was heard."""
        known, said = self._known(script), script.blob()
        self._give(script, said[:_HEAD].ljust(_HEAD, b"\0") + known + said[_HEAD:])

    # Parts of steps.

    def _transaction(self, size: int) -> bytes:
        check(size == TRANSACTION_SIZE, "size of a transaction")
        self._transactions += 1
        return self._transactions.to_bytes(size, "big")

    def _known(self, script: Script) -> bytes:
        index = script.number()
        return self._sent[-1 - index % len(self._sent)] if self._sent else bytes(TRANSACTION_SIZE)

    def _give(self, script: Script, data: bytes) -> None:
        source = script.pick(_ADDRESSES)
        decoded(lambda: self._client.receive(data, source, now=self._now))
        self._drain(self._now)

    def _pass(self, seconds: float) -> None:
        until = self._now + seconds
        advance(self._client, self._drain, now=self._now, until=until)
        self._now = until

    def _drain(self, now: float) -> None:
        self._now = now
        for data, _ in self._client.datagrams_to_send():
            check(len(data) == _REQUEST and is_stun(data), "a request")
            self._sent = [*self._sent, data[_HEAD : _HEAD + TRANSACTION_SIZE]][-_MOST:]
        for result in self._client.results():
            check(result.number in self._asked, "a result twice, or of nothing")
            self._asked.remove(result.number)
            check(result.rtt is None or 0 <= result.rtt <= GIVE_UP, "round-trip time")
            check(result.mapped is None or result.source is not None, "an address from nobody")
        check(len(self._asked) <= _MOST, "requests")


_WAYS: Final = (
    ("ask", 0, 0, "tick", 1, "answer", 2, 0x1B, 0x3A, 0, 0, "tick", 64),
    ("ask", 0, 1, "answer", 3, 0, 0, 0, 0, "answer", 3, 0, 0, 0, 1, "tick", 255),
    ("ask", 3, 0, "tick", 20, "forge", 0, ANSWER_IPV6[:8] + ANSWER_IPV6[20:], 3, "tick", 99),
    ("ask", 0, 0, "forge", 0, ANSWER_IPV4[:8] + ANSWER_IPV4[20:], 0, "raw", ANSWER_IPV4, 0),
    ("ask", 0, 0) * (_MOST + 2) + ("answer", 0, 0, 0, 5, 0),
)


def seeds() -> Iterable[bytes]:
    """Return a script for each way of a request."""
    steps = list(World(Script(b"")).steps)
    yield from (written(steps, *way) for way in _WAYS)
    yield b"".join(written(steps, *way) for way in _WAYS)


def run(data: bytes) -> None:
    """Play a script against a client."""
    script = Script(data)
    world = World(script)
    script.play(world.steps)
    world.finish()
