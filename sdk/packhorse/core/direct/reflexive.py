"""What others see of one socket, found out by STUN and kept fresh (SPEC.md section 18.7)."""

from collections.abc import Callable
from typing import Final

from packhorse.core.nat_behaviour import NatBehaviour, nat_behaviour
from packhorse.core.stun_client import StunClient, StunResult
from packhorse.wire.address import TransportAddress

REFRESH: Final = 25.0  # seconds; mappings of common routers live 30 s without traffic


class Reflexive:
    """Asks the data port of the relay again and again, and its second port once each time."""

    def __init__(
        self,
        relay: TransportAddress,
        own: TransportAddress,
        random_bytes: Callable[[int], bytes],
        *,
        now: float,
    ) -> None:
        """Ask at once.

        Args:
            relay: Its data port, in the family of the socket.
            own: Address and port of the socket.
            random_bytes: Source of randomness.
            now: Clock seconds.
        """
        self.relay = relay
        """Who is asked."""
        self._own = own
        self._client = StunClient(random_bytes)
        self._seen: dict[TransportAddress, TransportAddress] = {}
        self._asked: dict[int, TransportAddress] = {}
        self._refresh_at = now
        self.handle_timeout(now=now)

    @property
    def mapped(self) -> TransportAddress | None:
        """What the relay's data port sees; None as long as that is unknown."""
        return self._seen.get(self.relay)

    @property
    def behaviour(self) -> NatBehaviour:
        """How the NAT of this socket maps; filtering is not looked at."""
        return nat_behaviour(self._own, self._seen, is_answered_from_elsewhere=None)

    @property
    def may_be_hard(self) -> bool:
        """Tell whether each peer may see another port: that is known, or nothing is yet."""
        behaviour = self.behaviour
        return behaviour.is_hard or not behaviour.mapping

    def receive(self, data: bytes, source: TransportAddress, *, now: float) -> bool:
        """Take a STUN message; tell whether `mapped` or `behaviour` has changed.

        Raises:
            ParseError: It is not to be acted upon; the reason says why.
        """
        self._client.receive(data, source, now=now)
        return self._take_results(now)

    def next_timeout(self) -> float:
        """Return when `handle_timeout` has work."""
        due = self._client.next_timeout()
        return self._refresh_at if due is None else min(due, self._refresh_at)

    def handle_timeout(self, *, now: float) -> bool:
        """Do what is due; tell whether `mapped` or `behaviour` has changed."""
        if now >= self._refresh_at:
            self._refresh_at = now + REFRESH
            self._ask(self.relay, now)
        self._client.handle_timeout(now=now)
        return self._take_results(now)

    def datagrams_to_send(self) -> list[tuple[bytes, TransportAddress]]:
        """Drain what must go out."""
        return self._client.datagrams_to_send()

    def _ask(self, target: TransportAddress, now: float) -> None:
        self._asked[self._client.ask(target, now=now)] = target

    def _take_results(self, now: float) -> bool:
        before = dict(self._seen)
        for result in self._client.results():
            self._take(result, now)
        return self._seen != before

    def _take(self, result: StunResult, now: float) -> None:
        target = self._asked.pop(result.number)
        if result.mapped is None:
            self._seen.pop(target, None)
            return
        self._seen[target] = result.mapped
        second = self.relay._replace(port=result.other_port or 0)
        if target == self.relay and second.port not in {0, self.relay.port}:
            self._ask(second, now)
