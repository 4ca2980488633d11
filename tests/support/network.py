"""One relay and any number of members, joined by links, in virtual time."""

from collections.abc import Callable
from itertools import count
from random import Random
from typing import Final, NamedTuple

from packhorse.core.credentials import NO_ACCESS, Access
from packhorse.core.events import Closed, Event, Message
from packhorse.core.joining import CreateRoom, JoinRoom, ResumeSession, Wish
from packhorse.core.room_change import RoomChange
from packhorse.core.saved_session import SavedSession
from packhorse.core.session import MemberSession
from packhorse.testing.clock import VirtualClock
from packhorse.testing.link import PERFECT, Conditions, Link
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import Mode, Topology
from packhorse.wire.room_code import RoomCode
from packhorse_relay.core.relay import RelayCore
from packhorse_relay.core.settings import Settings

RELAY: Final = TransportAddress("192.0.2.1", 6969)
SECRET: Final = bytes(range(32))
"""What the runs of the relay share."""
_MAX_STEPS: Final = 10_000  # without the clock going on; more is a loop that never ends


class Sent(NamedTuple):
    """One datagram as it was sent, whatever became of it."""

    when: float
    data: bytes
    source: TransportAddress
    target: TransportAddress


class Member:
    """A session with its address, its links, and all it has told."""

    def __init__(self, network: "Network", wish: Wish, conditions: Conditions, number: int) -> None:
        self._network = network
        clock, seed = network.clock, f"{network.seed} member {number}"
        self.address = TransportAddress(f"198.51.{number // 250}.{number % 250 + 1}", 40000)
        random_bytes = Random(seed).randbytes  # noqa: S311 - repeatable by design
        self.session = MemberSession(wish, RELAY, random_bytes, now=clock.now)
        self.up = Link(clock, network.deliver_to_relay, conditions, seed=f"{seed} up")
        self.down = Link(clock, network.deliver_to_member, conditions, seed=f"{seed} down")
        self.events: list[Event] = []
        """All events so far."""
        self.takes_events = True
        """False while its application has no time for them."""

    @property
    def messages(self) -> list[Message]:
        """All messages so far."""
        return [event for event in self.events if isinstance(event, Message)]

    @property
    def closed(self) -> Closed | None:
        """The end, once it has come."""
        return next((event for event in self.events if isinstance(event, Closed)), None)

    @property
    def conditions(self) -> Conditions:
        """What both links do; when read, those of the way to the relay."""
        return self.up.conditions

    @conditions.setter
    def conditions(self, conditions: Conditions) -> None:
        self.up.conditions = self.down.conditions = conditions

    def events_of(self, *kinds: type) -> list[Event]:
        """Return the events of these kinds, in order."""
        return [event for event in self.events if isinstance(event, kinds)]

    def send(self, data: bytes, to: int = 0) -> None:
        """Send DATA at once."""
        self._network.send_up(self, self.session.encode_data(data, to))

    def try_post(self, data: bytes, to: int, mode: Mode, channel: int = 0) -> bool:
        """Send a message of any mode; False when the send buffers have no room for it."""
        if not self.session.may_send(to=to, mode=mode):
            return False
        now = self._network.clock.now
        datagram = self.session.send(data, to=to, mode=mode, channel=channel, now=now)
        if datagram is not None:
            self._network.send_up(self, datagram)
        self.wake()
        return True

    def bind(self) -> None:
        """Take the session up again over the path as it is, as a shell would do it."""
        self.session.bind(now=self._network.clock.now)
        self.wake()

    def leave(self) -> None:
        """Leave, as a shell would do it."""
        self.session.leave(now=self._network.clock.now)
        self.wake()

    def kick(self, other: "Member", *, ban: bool = False) -> int:
        """Kick another member; returns the number of the request."""
        now = self._network.clock.now
        request = self.session.kick(other.session.peer_id, ban=ban, now=now)
        self.wake()
        return request

    def receive(self, data: bytes) -> None:
        """Take in a datagram of the relay."""
        self.session.receive_datagram(data, RELAY, now=self._network.clock.now)
        self.flush()

    def wake(self) -> None:
        """Do what is due."""
        self.session.handle_timeout(now=self._network.clock.now)
        self.flush()

    def flush(self) -> None:
        """Send what the session wants to send, collect what it tells."""
        for datagram, _ in self.session.datagrams_to_send():
            self._network.send_up(self, datagram)
        while self.takes_events and (event := self.session.next_event()) is not None:
            self.events.append(event)
            if isinstance(event, Message):
                self.session.consume(event)

    def set_room(self, change: RoomChange) -> int:
        """Change the room; returns the number of the request."""
        request = self.session.set_room(change, now=self._network.clock.now)
        self.wake()
        return request

    def decide(self, request: int, *, admit: bool) -> int:
        """Admit or refuse somebody who waits; returns the number of the request."""
        number = self.session.decide(request, admit=admit, now=self._network.clock.now)
        self.wake()
        return number


class Network:
    """Runs the relay and the members until a condition holds or a deadline has come."""

    def __init__(
        self,
        conditions: Conditions = PERFECT,
        *,
        seed: int = 0,
        settings: Settings | None = None,
    ) -> None:
        self.seed = seed
        self.conditions = conditions
        """Of the links of members to come."""
        self.clock = VirtualClock()
        self.members: list[Member] = []
        self.sent: list[Sent] = []
        """Every datagram so far."""
        self._runs = 0
        random_bytes = Random(f"{seed} relay").randbytes  # noqa: S311 - repeatable by design
        self.relay = self._new_relay(settings or Settings(), random_bytes)
        self._ports = count(50000)

    def create_room(
        self,
        *,
        topology: Topology = Topology.MESH,
        max_peers: int | None = None,
        access: Access = NO_ACCESS,
        locked: bool = False,
    ) -> Member:
        """Start a member that wants a room."""
        return self._start(
            CreateRoom(topology=topology, max_peers=max_peers, access=access, locked=locked)
        )

    def join(
        self,
        code: str,
        access: Access = NO_ACCESS,
        *,
        password_key: bytes | None = None,
        name: str = "",
    ) -> Member:
        """Start a member that wants to join the room with this code."""
        return self._start(JoinRoom(RoomCode(code), access, password_key, name))

    def roster(self, code: str) -> dict[int, int]:
        """Return the members that the relay sees in a room, with their states."""
        return dict(self.relay._registry.rooms[RoomCode(code)].roster())

    def heal(self) -> None:
        """Lose, delay, reorder and double nothing any more."""
        self.conditions = PERFECT
        for member in self.members:
            member.conditions = PERFECT

    def rebind(self, member: Member) -> None:
        """Give a member another port, as a NAT does that has forgotten it."""
        member.address = member.address._replace(port=next(self._ports))

    def resume(self, saved: SavedSession, *, is_restarted: bool = True) -> Member:
        """Let a new program take up a session."""
        return self._start(ResumeSession(saved, is_restarted))

    def restart_relay(
        self, settings: Settings | None = None, *, secret: bytes | None = SECRET
    ) -> None:
        """Forget every room and session; None for a relay that has no persistent secret."""
        self._runs += 1
        seed = f"{self.seed} run {self._runs}"
        random_bytes = Random(seed).randbytes  # noqa: S311 - as above
        self.relay = self._new_relay(settings or Settings(), random_bytes, secret)

    def drain_relay(self, seconds: float) -> None:
        """Let the relay end in `seconds`, as its operator does."""
        self.relay.drain(seconds, now=self.clock.now)
        self._flush_relay()

    def stop_relay(self) -> None:
        """Let the relay end every session, as its operator does."""
        self.relay.close(now=self.clock.now)
        self._flush_relay()

    def run(self, seconds: float) -> None:
        """Let time pass."""
        self.run_until(lambda: False, within=seconds)

    def run_until(self, is_done: Callable[[], bool], *, within: float) -> bool:
        """Run until `is_done`, at most for `within` seconds; tells whether it came true."""
        deadline = self.clock.now + within
        steps = 0
        while not is_done():
            when = self._next_timeout()
            if when is None or when > deadline:
                self.clock.advance_to(deadline)
                return is_done()
            steps = 0 if when > self.clock.now else steps + 1
            if steps > _MAX_STEPS:
                raise AssertionError(f"time stands still at {self.clock.now}")
            self._step(max(when, self.clock.now))
        return True

    def send_up(self, member: Member, data: bytes) -> None:
        """Put a member's datagram on its link."""
        self.sent.append(Sent(self.clock.now, data, member.address, RELAY))
        member.up.send(data, member.address)

    def deliver_to_relay(self, data: bytes, source: TransportAddress) -> None:
        """Hand a datagram to the relay."""
        self.relay.receive_datagram(data, source, now=self.clock.now)
        self._flush_relay()

    def deliver_to_member(self, data: bytes, target: TransportAddress) -> None:
        """Hand a datagram to whoever has this address now."""
        for member in self.members:
            if member.address == target:
                member.receive(data)

    def _new_relay(
        self,
        settings: Settings,
        random_bytes: Callable[[int], bytes],
        secret: bytes | None = SECRET,
    ) -> RelayCore:
        now = self.clock.now
        return RelayCore(settings, random_bytes, secret=secret, unix_now=now, now=now)

    def _start(self, wish: Wish) -> Member:
        member = Member(self, wish, self.conditions, len(self.members))
        self.members.append(member)
        member.wake()
        return member

    def _next_timeout(self) -> float | None:
        deadlines = [self.clock.next_timeout(), self.relay.next_timeout()]
        deadlines += [member.session.next_timeout() for member in self.members]
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def _step(self, when: float) -> None:
        self.clock.advance_to(when)
        self.relay.handle_timeout(now=when)
        self._flush_relay()
        for member in self.members:
            deadline = member.session.next_timeout()
            if deadline is not None and deadline <= when:
                member.wake()

    def _flush_relay(self) -> None:
        for data, target in self.relay.datagrams_to_send():
            self.sent.append(Sent(self.clock.now, data, RELAY, target))
            link = next((m.down for m in self.members if m.address == target), None)
            if link is not None:
                link.send(data, target)


def room_of(network: Network, count: int, topology: Topology = Topology.MESH) -> list[Member]:
    """Return the members of a new room, the host first, when all know each other."""
    host = network.create_room(topology=topology)
    network.run(0.5)
    members = [host, *(network.join(host.session.code) for _ in range(count - 1))]
    network.run(2.0)
    for member in members:
        member.events.clear()
    return members
