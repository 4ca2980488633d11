"""A data plane forwards and limits exactly as the core would by itself."""

from hypothesis import given
from hypothesis import strategies as st

from packhorse.aio.udp import SocketAddress
from packhorse.wire.address import TransportAddress
from packhorse_relay.core.settings import Settings
from packhorse_relay.dataplane.portable import PortablePlane
from tests.support.relay_harness import Rig, Sent

SLOW = Settings(
    client_byte_rate=2000, client_datagram_rate=20, host_byte_rate=4000, host_datagram_rate=40
)
STEPS = st.lists(
    st.tuples(
        st.integers(0, 3),  # who sends
        st.sampled_from([0, 1, 2, -3, 9]),  # to whom
        st.sampled_from([1, 100, 1000]),  # bytes
        st.sampled_from([0.0, 0.01, 0.5, 20.0]),  # seconds since the last
    ),
    min_size=1,
    max_size=120,
)


def plane_of(rig: Rig, sent: list[Sent]) -> PortablePlane:
    """Return a plane whose sockets are a list."""

    def miss(data: bytes, source: SocketAddress, listener: int) -> None:
        sent.extend(rig.send(data, TransportAddress(*source, listener)).sent)

    def send_to(data: bytes, address: SocketAddress) -> None:
        sent.append(Sent(data, TransportAddress(*address)))

    plane = PortablePlane(rig.core.table, miss)
    plane.use_sockets([send_to])
    return plane


@given(steps=STEPS)
def test_attack_19_budgets_hold_in_the_data_plane_as_in_the_core(
    steps: list[tuple[int, int, int, float]],
) -> None:
    """LIM-2: the same copies, the same drops, the same LIMITED."""
    alone, behind = Rig(SLOW), Rig(SLOW)
    by_core, by_plane = list[Sent](), list[Sent]()
    members, twins = alone.room(4), behind.room(4)
    receive = plane_of(behind, by_plane).receiver(0)

    for who, to, size, wait in steps:
        alone.now += wait
        behind.now += wait
        data = members[who].data(to, bytes(size))
        by_core += members[who].send(data).sent
        at = twins[who].address
        receive(data, (at.host, at.port))

    assert by_plane == by_core
    assert behind.core.drops == alone.core.drops
