"""Finds out by STUN what others see of the sockets for direct paths."""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress

from packhorse.aio.stun_socket import fresh_mappings
from packhorse.aio.udp import SocketAddress, UdpSocket
from packhorse.core.direct.prediction import predict_ports
from packhorse.core.direct.reflexive import Reflexive
from packhorse.wire.address import TransportAddress
from packhorse.wire.candidates import Candidate
from packhorse.wire.constants import ATTEMPT_TIME, BirthdayPart, CandidateKind
from packhorse.wire.errors import ParseError


class ReflexiveSearch:
    """One `Reflexive` for each family of addresses that relay and machine have in common."""

    def __init__(
        self,
        relay: Sequence[SocketAddress],
        sockets: Sequence[UdpSocket],
        on_changed: Callable[[], None],
    ) -> None:
        """Ask at once.

        Args:
            relay: Addresses of the relay's data port.
            sockets: At most one of each family.
            on_changed: Called when `candidates` returns something else.
        """
        self._loop = asyncio.get_running_loop()
        self._on_changed = on_changed
        self._timer: asyncio.TimerHandle | None = None
        self._prediction: asyncio.Task[None] | None = None
        self._predicted: list[TransportAddress] = []
        self._predicted_at = -ATTEMPT_TIME
        self._has_predicted = False
        self._sockets = {_is_v6(sock.local_address): sock for sock in sockets}
        self._found: dict[bool, Reflexive] = {}
        for address in relay:
            family = _is_v6(address)
            if family in self._sockets and family not in self._found:
                self._found[family] = self._begin(address, self._sockets[family])
        self._pump(has_changed=False)

    def candidates(self) -> list[Candidate]:
        """Return what others see, and what they are expected to see in the present attempt."""
        mapped = [each.mapped for each in self._found.values()]
        seen = [Candidate(CandidateKind.REFLEXIVE, address) for address in mapped if address]
        return seen + [Candidate(CandidateKind.PREDICTED, address) for address in self._predicted]

    @property
    def part(self) -> BirthdayPart | None:
        """What can be done here in birthday probing; None as long as that is unknown.

        There is no opener where ports can be predicted: many mappings would spoil that.
        """
        found = self._found.get(False)
        if found is None or not found.behaviour.mapping:
            return None
        if not found.behaviour.is_hard:
            return BirthdayPart.PROBER
        is_random = self._has_predicted and not self._predicted
        return BirthdayPart.OPENER if is_random else None

    def receive(self, data: bytes, source: SocketAddress) -> None:
        """Take a STUN message that came to one of the sockets."""
        reflexive = self._found.get(_is_v6(source))
        if reflexive is None:
            return
        has_changed = False
        with suppress(ParseError):
            now = self._loop.time()
            has_changed = reflexive.receive(data, TransportAddress(*source), now=now)
        self._pump(has_changed=has_changed)

    def predict(self) -> None:
        """Look at an attempt's beginning which ports the NAT gives out now.

        Only where each peer may see another port, and once an attempt: attempts of the side
        that follows come a little sooner when news of one was lost.
        """
        hard = next((each for each in self._found.values() if each.may_be_hard), None)
        now = self._loop.time()
        if hard is None or now < self._predicted_at + ATTEMPT_TIME / 2:
            return
        self._predicted_at = now
        self._prediction = asyncio.create_task(self._predict(hard), name="packhorse-predict")

    def close(self) -> None:
        """Ask no more; the sockets stay their owner's."""
        if self._timer is not None:
            self._timer.cancel()
        if self._prediction is not None:
            self._prediction.cancel()
        self._found.clear()

    async def _predict(self, reflexive: Reflexive) -> None:
        with suppress(OSError):  # without a socket more there is no prediction
            mapped = await fresh_mappings(reflexive.relay)
            is_hard = reflexive.may_be_hard and len(mapped) > 1
            self._predicted = predict_ports(*mapped) if is_hard else []
            self._has_predicted = True
            self._on_changed()

    def _begin(self, relay: SocketAddress, sock: UdpSocket) -> Reflexive:
        own = TransportAddress(*sock.local_address)
        return Reflexive(TransportAddress(*relay), own, secrets.token_bytes, now=self._loop.time())

    def _timeout(self) -> None:
        now = self._loop.time()
        changed = [each.handle_timeout(now=now) for each in self._found.values()]
        self._pump(has_changed=any(changed))

    def _pump(self, *, has_changed: bool) -> None:
        for family, reflexive in self._found.items():
            for data, target in reflexive.datagrams_to_send():
                self._sockets[family].send(data, target[:2])
        self._arm()
        if has_changed:
            self._on_changed()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        due = min((each.next_timeout() for each in self._found.values()), default=None)
        self._timer = None if due is None else self._loop.call_at(due, self._timeout)


def _is_v6(address: SocketAddress) -> bool:
    return ":" in address[0]
