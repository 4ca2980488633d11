"""Every data plane forwards, limits and counts exactly as the core would by itself."""

import errno
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import DropReason, FirstByte
from packhorse.wire.messages import PathChallenge
from packhorse_relay.core.settings import Settings
from tests.support.fake_kernel import FakeKernel
from tests.support.kernel_program import LoadedProgram
from tests.support.planes import BatchedRig, KernelRig, PortableRig, RecordingRig, by_receiver
from tests.support.relay_harness import UNLIMITED, RawMember, address

FEW_BYTES = replace(UNLIMITED, client_byte_rate=3000, host_byte_rate=6000)
FEW_DATAGRAMS = replace(UNLIMITED, client_datagram_rate=40, host_datagram_rate=80)
MEMBERS = 5
AnyRig = PortableRig | BatchedRig
PLANES = (PortableRig, BatchedRig)
ROOMS = st.lists(
    st.sampled_from([0, 0, 0, 0, 1, 2]), min_size=MEMBERS, max_size=MEMBERS
)  # listeners
WHO = st.integers(0, MEMBERS - 1)
SIZES = st.sampled_from([100, 100, 100, 99, 0, 1, 1400, 1401, 1990])  # bytes of payload
Step = tuple[str, int, int, tuple[int, ...]]
"""What, who, to whom or how long, and the sizes of what is sent."""
SENDS = st.tuples(
    st.sampled_from(["data", "data", "frame"]),
    WHO,
    st.sampled_from([1, 2, 3, 0, 0, -3, 9]),
    st.lists(SIZES, min_size=1, max_size=10).map(tuple),
)
CHANGES = st.tuples(
    st.sampled_from(["leave", "join", "join", "move", "ping", "stray", "short"]),
    WHO,
    st.just(0),
    st.just(()),
)
WAITS = st.tuples(st.just("wait"), st.just(0), st.integers(1, 20), st.just(()))
STEPS = st.lists(st.one_of(SENDS, SENDS, SENDS, CHANGES, WAITS), min_size=10, max_size=40)


def address_at(number: int, listener: int) -> TransportAddress:
    """Return an address that suits a listener: IPv4, IPv6, WebSocket."""
    if listener == 1:
        return TransportAddress(f"2001:db8::{number:x}", 40000, 1)
    return address(number, listener=listener)


class Story:
    """One room whose members come, talk, move and go; the core alone decides what is sent."""

    def __init__(self, settings: Settings, listeners: list[int]) -> None:
        self.rig = RecordingRig(settings)
        self._listeners = listeners
        self._numbers = iter(range(1, 10_000))
        self.members = [self.rig.create(self._address(0))]
        self.members += [self._joined(who) for who in range(1, MEMBERS)]

    def act(self, step: Step) -> None:
        """Let something happen."""
        what, who, to, sizes = step
        member = self.members[who]
        for size in sizes:
            kind = FirstByte.FRAME if what == "frame" else FirstByte.DATA
            member.send(member.data(to, bytes(size), kind))
        if what == "wait":
            self.rig.now += to / 10
        elif what == "leave":
            member.send(member.leave())
        elif what == "ping":
            member.send(member.ping())
        elif what == "stray":
            self.rig.send(member.data(0), self._address(who))
        elif what == "short":
            self.rig.send(member.data(0)[:3], member.address)
        elif what == "move":
            self._move(member, who)
        elif what == "join" and not self._is_there(member):
            self.members[who] = self._joined(who) if who else self.rig.create(self._address(0))

    def _address(self, who: int) -> TransportAddress:
        return address_at(next(self._numbers), self._listeners[who])

    def _joined(self, who: int) -> RawMember:
        if not self._is_there(self.members[0]):
            self.members[0] = self.rig.create(self._address(0))
        return self.rig.join(self.members[0].code, self._address(who))

    def _is_there(self, member: RawMember) -> bool:
        return member.grant.session in self.rig.core._registry.sessions

    def _move(self, member: RawMember, who: int) -> None:
        member.address = self._address(who)
        for message in member.heard(member.send(member.ping()).sent):
            if isinstance(message, PathChallenge):
                member.send(member.path_response(message.challenge))


def assert_same(story: Story, rig: AnyRig) -> None:
    assert by_receiver(rig.sent) == by_receiver(story.rig.sent)
    assert rig.totals() == story.rig.totals()
    assert rig.plane.send_failures == 0


@pytest.mark.parametrize(
    "settings", [UNLIMITED, FEW_BYTES, FEW_DATAGRAMS], ids=["unlimited", "bytes", "datagrams"]
)
@given(listeners=ROOMS, steps=STEPS, batch=st.integers(1, 64), most=st.integers(1, 70))
def test_attack_19_every_data_plane_forwards_limits_and_counts_as_the_core(
    settings: Settings, listeners: list[int], steps: list[Step], batch: int, most: int
) -> None:
    """LIM-2, ROOM-3, PATH-1: whatever joins, moves and leaves in between."""
    story = Story(settings, listeners)
    for step in steps:
        story.act(step)

    portable = PortableRig(settings, FakeKernel())
    batched = BatchedRig(settings, FakeKernel(most=most), batch=batch)
    for rig in (portable, batched):
        rig.take(story.rig.arrivals)

        assert_same(story, rig)


@pytest.mark.usefixtures("bpf")
@pytest.mark.parametrize("way", ["tcx", "xdp"])
@pytest.mark.parametrize(
    "settings", [UNLIMITED, FEW_BYTES, FEW_DATAGRAMS], ids=["unlimited", "bytes", "datagrams"]
)
@given(listeners=ROOMS, steps=STEPS)
def test_attack_19_kernel_forwards_limits_and_counts_as_the_core(
    settings: Settings, way: str, listeners: list[int], steps: list[Step]
) -> None:
    """LIM-2, ROOM-3, PATH-1: whatever joins, moves and leaves in between."""
    story = Story(settings, listeners)
    for step in steps:
        story.act(step)

    with LoadedProgram.load(way) as program:
        rig = KernelRig(settings, FakeKernel(), program)
        rig.take(story.rig.arrivals)

        assert_same(story, rig)


@pytest.mark.usefixtures("bpf")
@pytest.mark.parametrize("way", ["tcx", "xdp"])
@pytest.mark.parametrize("listener", [0, 1])
def test_kernel_forwards_all_but_the_first_datagrams(way: str, listener: int) -> None:
    story = Story(UNLIMITED, [listener] * MEMBERS)
    for _ in range(20):
        for who in range(MEMBERS):
            story.act(("data", who, 2 if who == 0 else 1, (100,)))

    with LoadedProgram.load(way) as program:
        rig = KernelRig(UNLIMITED, FakeKernel(), program)
        rig.take(story.rig.arrivals)

        assert_same(story, rig)
        assert program.tables.datagrams_forwarded() >= 16 * MEMBERS
        assert sum(room.spent.datagrams for room in rig.core.rooms) == 20 * MEMBERS


def talk(rounds: int, size: int = 100) -> Story:
    """Let all clients send their host the same number of datagrams."""
    story = Story(UNLIMITED, [0] * MEMBERS)
    for _ in range(rounds):
        for who in range(1, MEMBERS):
            story.act(("data", who, 1, (size,)))
    return story


def test_batch_to_one_receiver_is_sent_by_one_call() -> None:
    story, kernel = talk(16), FakeKernel()
    start = len(story.rig.arrivals) - 64
    batched = BatchedRig(UNLIMITED, kernel)
    batched.take(story.rig.arrivals[:start])
    batched.take(story.rig.arrivals[start:])
    calls = kernel.calls
    batched.take(story.rig.arrivals[start:])

    assert kernel.calls - calls == 2


@pytest.mark.parametrize("error", [errno.EIO, errno.EINVAL])
def test_refused_segmentation_costs_no_datagram(error: int) -> None:
    """A device without checksums in hardware, and a path with a smaller MTU."""
    story = talk(40)

    rig = BatchedRig(UNLIMITED, FakeKernel(segment_error=error))
    rig.take(story.rig.arrivals)

    assert_same(story, rig)


def test_without_segmentation_every_datagram_is_a_message() -> None:
    story = talk(40)

    rig = BatchedRig(UNLIMITED, FakeKernel(segment_error=errno.EIO), can_segment=False)
    rig.take(story.rig.arrivals)

    assert_same(story, rig)


@pytest.mark.parametrize("new_rig", PLANES)
@pytest.mark.parametrize("destination", [0, 3])
def test_refused_receiver_is_counted_and_costs_no_other_a_datagram(
    new_rig: Callable[[Settings, FakeKernel], AnyRig], destination: int
) -> None:
    story = Story(UNLIMITED, [0] * MEMBERS)
    host, _, refused, other, _ = story.members
    for _ in range(20):
        host.send(host.data(destination))
        host.send(host.data(4))

    rig = new_rig(UNLIMITED, FakeKernel(refused={refused.address[:2]}))
    rig.take(story.rig.arrivals)

    alone, behind = by_receiver(story.rig.sent), by_receiver(rig.sent)
    assert rig.plane.send_failures == 19  # the first answer came from the core
    assert behind[other.address] == alone[other.address]
    assert rig.core.drops[DropReason.DATA_LIMITED] == 0
