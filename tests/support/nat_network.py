"""Members behind routers that translate addresses, in virtual time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import count
from random import Random

from packhorse.core.direct.attachment import Part
from packhorse.core.direct.channel import DirectDatagram
from packhorse.core.direct.prediction import predict_ports
from packhorse.wire.address import TransportAddress
from packhorse.wire.candidates import Candidate
from packhorse.wire.constants import ATTEMPT_TIME, CandidateKind
from tests.support.network import RELAY, Member, Network

_PATH_HOPS = 8


class Mapping(Enum):
    """Whether the outer address depends on where a datagram goes (RFC 4787 section 4.1)."""

    INDEPENDENT = auto()
    DEPENDENT = auto()


class Filtering(Enum):
    """From whom a router lets datagrams in (RFC 4787 section 5)."""

    INDEPENDENT = auto()
    ADDRESS = auto()
    ADDRESS_AND_PORT = auto()
    EVERYTHING = auto()
    """UDP from nobody but the relay."""


@dataclass
class Nat:
    """A router with one address."""

    outer: TransportAddress
    mapping: Mapping = Mapping.INDEPENDENT
    filtering: Filtering = Filtering.ADDRESS_AND_PORT
    ports: dict[TransportAddress, int] = field(default_factory=dict)
    """Outer port by target, where the mapping depends on it."""
    sent_to: set[TransportAddress] = field(default_factory=set)
    next_port: Iterator[int] = field(default_factory=lambda: count(50_000))

    def send(self, target: TransportAddress) -> TransportAddress:
        """Return the source that `target` sees, and let it answer."""
        self.sent_to.add(target._replace(listener=0))
        if self.mapping is Mapping.INDEPENDENT:
            return self.outer
        if target not in self.ports:
            self.ports[target] = next(self.next_port)
        return self.outer._replace(port=self.ports[target])

    def fresh(self) -> TransportAddress:
        """Return what the relay sees of a socket that was opened just now."""
        return self.outer._replace(port=next(self.next_port))

    def listener_of(self, target: TransportAddress, source: TransportAddress) -> int | None:
        """Return the socket that an outer port leads to for this source; None for none."""
        if self.mapping is Mapping.INDEPENDENT:
            return 0 if target.port == self.outer.port else None
        return next(
            (
                inner.listener
                for inner, port in self.ports.items()
                if port == target.port and inner[:2] == source[:2]
            ),
            None,
        )

    def lets_in(self, target: TransportAddress, source: TransportAddress) -> bool:
        """Tell whether a datagram from `source` to an outer address arrives."""
        if target.host != self.outer.host or self.listener_of(target, source) is None:
            return False
        match self.filtering:
            case Filtering.INDEPENDENT:
                return True
            case Filtering.ADDRESS:
                return source.host in {address.host for address in self.sent_to}
            case Filtering.ADDRESS_AND_PORT:
                return source in self.sent_to
            case _:
                return False


def attempts_of(member: Member) -> int:
    """Return how many attempts to find direct paths a member has begun."""
    return member.session.direct.attempts if member.session.direct else 0


class NatNetwork(Network):
    """A network whose members may send to each other, too, each through its router."""

    def __init__(self, *, latency: float = 0.0, loss: float = 0.0, seed: int = 0) -> None:
        super().__init__(seed=seed)
        self.latency = latency
        """Seconds one way from router to router."""
        self.loss = loss
        """Fraction of direct datagrams that is lost."""
        self.jitter = 0.0
        """Seconds at most on top of the latency; what is sent later may arrive earlier."""
        self.duplicate = 0.0
        """Fraction of direct datagrams that arrives twice."""
        self.is_cut = False
        """Nothing goes directly."""
        self.direct: list[tuple[float, bytes, TransportAddress]] = []
        """When each direct datagram arrived, and from where."""
        self.posted: list[DirectDatagram] = []
        """What members have sent directly, whatever became of it."""
        self._nats: dict[int, Nat] = {}
        self._predicting: dict[int, tuple[int, float]] = {}  # by member: attempts, predicted at
        self._meanwhile: dict[int, int] = {}
        self._dice = Random(seed)  # noqa: S311 - repeatable by design

    def put_behind(
        self,
        member: Member,
        mapping: Mapping,
        filtering: Filtering,
        ports: Iterator[int] | None = None,
    ) -> Nat:
        """Put a member behind a router of its own, with its present address outside.

        Args:
            member: Who.
            mapping: On what its outer ports depend.
            filtering: Whom it lets in.
            ports: What it gives out; None counts up.
        """
        nat = Nat(member.address, mapping, filtering, next_port=ports or count(50_000))
        self._nats[id(member)] = nat
        return nat

    def seek(self, member: Member, candidates: Sequence[Candidate] = (), part: Part = None) -> None:
        """Let a member look for direct paths."""
        now = self.clock.now
        member.session.seek_direct_paths(candidates, shares_socket=True, part=part, now=now)
        member.flush()
        self.tend(member)

    def predict(self, member: Member, *, meanwhile: int = 0) -> None:
        """Let a member look at each attempt's beginning which ports its router gives out.

        Args:
            member: Who.
            meanwhile: Mappings that others open before the checks.
        """
        self._meanwhile[id(member)] = meanwhile
        self._predicting[id(member)] = (0, -ATTEMPT_TIME)

    def _follow_attempts(self, member: Member) -> None:
        before, predicted_at = self._predicting.get(id(member), (None, 0.0))
        attempts = attempts_of(member)
        if before in {None, attempts} or self.clock.now < predicted_at + ATTEMPT_TIME:
            return
        self._predicting[id(member)] = (attempts, self.clock.now)
        nat = self._nats[id(member)]
        predicted = predict_ports(nat.fresh(), nat.fresh())
        for _ in range(self._meanwhile[id(member)]):
            nat.fresh()
        found = [Candidate(CandidateKind.PREDICTED, address) for address in predicted]
        self.clock.call_at(self.clock.now + self.latency, lambda: self.seek(member, found))

    def tend(self, member: Member) -> None:
        """Send what a member has to send directly."""
        for datagram in member.session.direct_datagrams_to_send():
            self._send_directly(member, datagram)
        self._follow_attempts(member)

    def _step(self, when: float) -> None:
        super()._step(when)
        for member in self.members:
            member.flush()
            self.tend(member)

    def _send_directly(self, member: Member, datagram: DirectDatagram) -> None:
        nat = self._nats[id(member)]
        self.posted.append(datagram)
        source = nat.send(datagram.address)
        if self.is_cut or (datagram.ttl or _PATH_HOPS) < _PATH_HOPS:
            return
        for _ in range(2 if self._dice.random() < self.duplicate else 1):
            if self._dice.random() >= self.loss:
                arrives = self.clock.now + self.latency + self._dice.random() * self.jitter
                self.clock.call_at(arrives, lambda: self._arrive(datagram, source))

    def _arrive(self, datagram: DirectDatagram, source: TransportAddress) -> None:
        for member in self.members:
            nat = self._nats.get(id(member))
            if nat is not None and nat.lets_in(datagram.address, source):
                self.direct.append((self.clock.now, datagram.data, source))
                now = self.clock.now
                listener = nat.listener_of(datagram.address, source) or 0
                local = source._replace(listener=listener)
                member.session.receive_datagram(datagram.data, local, now=now)
                member.flush()
                self.tend(member)

    def send_up(self, member: Member, data: bytes) -> None:
        """Put a member's datagram on its link to the relay."""
        nat = self._nats.get(id(member))
        if nat is not None:
            nat.sent_to.add(RELAY)
        super().send_up(member, data)
