"""What holds for a relay and its members over every network that hypothesis thinks of."""

from collections.abc import Sequence
from typing import Final

from hypothesis import assume, given
from hypothesis import strategies as st

from packhorse.core.events import (
    Closed,
    Event,
    Joined,
    Message,
    PeerFound,
    PeerJoined,
    PeerLeft,
    PeerLost,
    RequestEnded,
    SessionLost,
    SessionResumed,
)
from packhorse.core.retransmission import GIVE_UP_AFTER
from packhorse.testing.link import CUT, PERFECT, Conditions
from packhorse.wire.constants import ErrorCode, Kind, MemberState
from packhorse.wire.errors import (
    JoinDeniedError,
    SessionClosedByError,
    TransactionTimeoutError,
)
from packhorse.wire.header import decode_header
from tests.support.network import RELAY, Member, Network

# Three greetings with a join each, and the roster: nothing takes longer.
JOIN_DEADLINE: Final = 3 * 2 * GIVE_UP_AFTER + GIVE_UP_AFTER
# The next PING (5.5 s at most), the SYNC after it (4 s at most), and the answers.
HEALED_WITHIN: Final = 10.0


def networks(worst_loss: float = 0.4, worst_latency: float = 0.2) -> st.SearchStrategy[Network]:
    conditions = st.builds(
        Conditions,
        loss=st.floats(0, worst_loss),
        latency=st.floats(0, worst_latency),
        jitter=st.floats(0, 0.1),
        reorder=st.floats(0, 0.3),
        duplicate=st.floats(0, 0.3),
    )
    return st.builds(lambda wild, seed: Network(wild, seed=seed), conditions, st.integers(0, 2**16))


SEEDS: Final = st.integers(0, 2**16)
ACTIONS: Final = st.lists(
    st.tuples(
        st.sampled_from(["join", "leave", "kick", "send", "rebind", "cut", "uncut"]),
        st.integers(0, 9),
        st.floats(0, 3),
    ),
    max_size=12,
)


def has_joined(member: Member) -> bool:
    return bool(member.events_of(Joined))


def has_ended_joining(member: Member) -> bool:
    return has_joined(member) or member.closed is not None


def is_open(member: Member) -> bool:
    return has_joined(member) and member.session.state is MemberState.JOINED


def open_room(network: Network, members: int) -> list[Member]:
    """Return members of one room, joined over a perfect network that then turns wild."""
    wild, network.conditions = network.conditions, PERFECT
    host = network.create_room()
    network.run_until(lambda: has_joined(host), within=1)
    room = [host, *(network.join(host.session.code) for _ in range(members - 1))]
    network.run_until(lambda: all(has_joined(member) for member in room), within=1)
    network.conditions = wild
    for member in room:
        member.conditions = wild
    return room


def has_relays_roster(member: Member, network: Network, code: str) -> bool:
    return dict(member.session.roster) == network.roster(code)


def closed_code(member: Member) -> int | None:
    error = member.closed.error if member.closed else None
    return error.code if isinstance(error, SessionClosedByError) else None


def perform(network: Network, action: str, number: int) -> None:
    """Do something to one member, if it is in a state for it."""
    host = network.members[0]
    member = network.members[number % len(network.members)]
    if action == "join" and is_open(host):
        network.join(host.session.code)
    elif action == "leave" and member is not host:
        member.leave()
    elif action == "kick" and is_open(host) and member is not host and is_open(member):
        host.kick(member)
    elif action == "send" and is_open(member):
        member.send(b"%d" % number)
    elif action == "rebind":
        network.rebind(member)
    elif action in {"cut", "uncut"} and member is not host:
        member.conditions = CUT if action == "cut" else network.conditions


def check_peer_events(events: Sequence[Event], own: int) -> set[int]:
    """Check the life of each peer as one member was told it; return who is there."""
    present, lost, gone = set[int](), set[int](), set[int]()
    for event in events:
        match event:
            case PeerJoined(peer):
                assert peer not in present | gone | {own}
                present.add(peer)
            case PeerLeft(peer):
                assert peer in present
                present.remove(peer)
                gone.add(peer)
                lost.discard(peer)
            case PeerLost(peer):
                assert peer in present - lost
                lost.add(peer)
            case PeerFound(peer):
                assert peer in lost
                lost.remove(peer)
            case Message(_, source):
                assert source in present
            case _:
                pass
    return present


def check_session_events(member: Member) -> None:
    """Check what must hold of every history whatever."""
    assert len(member.events_of(Joined)) <= 1
    assert len(member.events_of(Closed)) <= 1
    assert not member.closed or member.events[-1] is member.closed
    changes = member.events_of(SessionLost, SessionResumed)
    assert all(isinstance(event, SessionLost) for event in changes[::2])
    assert all(isinstance(event, SessionResumed) for event in changes[1::2])
    if has_joined(member):
        own = member.session.peer_id
        present = check_peer_events(member.events, own)
        assert present == set(member.session.roster) - {own}


@given(networks())
def test_joining_always_ends_in_time_and_with_a_typed_error(network: Network) -> None:
    host = network.create_room()
    assert network.run_until(lambda: has_ended_joining(host), within=JOIN_DEADLINE)
    code = host.session.code if has_joined(host) else "K7QM2XPA"

    members = [network.join(code) for _ in range(3)]

    everybody = [host, *members]
    assert network.run_until(
        lambda: all(has_ended_joining(member) for member in members), within=JOIN_DEADLINE
    )
    errors = [member.closed.error for member in everybody if member.closed]
    assert {type(error) for error in errors} <= {TransactionTimeoutError, JoinDeniedError}
    ids = [member.session.peer_id for member in everybody if has_joined(member)]
    assert len(set(ids)) == len(ids)
    for member in everybody:
        check_session_events(member)


@given(networks(), ACTIONS)
def test_everybody_knows_who_is_there_once_the_network_heals(
    network: Network, actions: list[tuple[str, int, float]]
) -> None:
    """ROOM-1, ROOM-2, JOIN-6: whatever happened, every roster becomes that of the relay."""
    host = open_room(network, members=3)[0]
    code = host.session.code
    for action, number, pause in actions:
        perform(network, action, number)
        network.run(pause)

    network.heal()
    network.run_until(lambda: all(map(has_ended_joining, network.members)), within=JOIN_DEADLINE)

    def is_settled() -> bool:
        return all(has_relays_roster(m, network, code) for m in network.members if is_open(m))

    assert is_open(host)
    assert network.run_until(is_settled, within=HEALED_WITHIN)
    for member in network.members:
        check_session_events(member)
        assert not is_open(member) or member.session.peer_id in network.roster(code)


@given(networks(), st.integers(2, 4))
def test_first_message_of_a_peer_comes_after_the_news_of_it(network: Network, members: int) -> None:
    """ROOM-2: everybody sends from the moment it has joined."""
    host = open_room(network, members=2)[0]
    for _ in range(members):
        network.join(host.session.code)

    for number in range(15):
        for member in filter(is_open, network.members):
            member.send(b"%d" % number)
        network.run(0.1)

    for member in network.members:
        check_session_events(member)


@given(st.floats(0, 0.3), st.floats(0, 0.2), st.floats(0, 0.1), st.floats(0, 0.3), SEEDS)
def test_estimated_round_trip_time_is_that_of_the_network(
    loss: float, latency: float, jitter: float, duplicate: float, seed: int
) -> None:
    wild = Conditions(loss=loss, latency=latency, jitter=jitter, duplicate=duplicate)
    network = Network(wild, seed=seed)
    host = network.create_room()
    assume(network.run_until(lambda: has_joined(host), within=JOIN_DEADLINE))

    network.run(60)

    rtt = host.session.rtt
    assert rtt.smoothed is not None
    assert 2 * latency - 0.001 <= rtt.smoothed <= 2 * (latency + jitter) + 0.001
    assert rtt.variation <= latency + 2 * jitter + 0.001


@given(networks(), st.integers(1, 3))
def test_member_keeps_its_place_when_its_address_changes(network: Network, changes: int) -> None:
    """PATH-1, PATH-2: the same peer id, no news for the others, and data in both directions."""
    host, mover = open_room(network, members=2)
    peer_id = mover.session.peer_id
    for _ in range(changes):
        network.rebind(mover)
        mover.send(b"from the new address")
        network.run(2)
    network.heal()
    network.run(HEALED_WITHIN)
    for member in (host, mover):
        member.events.clear()

    host.send(b"to the mover", to=peer_id)
    mover.send(b"to the host", to=1)
    network.run(1)

    assert [message.data for message in mover.messages] == [b"to the mover"]
    assert [message.data for message in host.messages] == [b"to the host"]
    assert mover.session.peer_id == peer_id
    assert mover.session.mapped_address.port == mover.address.port
    assert host.events_of(PeerJoined, PeerLeft) == []


@given(networks(), st.booleans())
def test_kicked_member_is_told_and_so_are_the_others(network: Network, ban: bool) -> None:  # noqa: FBT001 - drawn
    """SEAL-2: the kick counts once, however often it was sent."""
    host, victim, other = open_room(network, members=3)
    host.kick(victim, ban=ban)
    assert network.run_until(lambda: bool(host.events_of(RequestEnded)), within=GIVE_UP_AFTER)
    (ended,) = host.events_of(RequestEnded)
    assert isinstance(ended, RequestEnded)
    was_kicked = victim.session.peer_id not in network.roster(host.session.code)

    network.heal()
    network.run(HEALED_WITHIN)

    assert ended.code is None or (ended.code == 0 and was_kicked)
    if was_kicked:
        assert closed_code(victim) == ErrorCode.KICKED
        left = PeerLeft(victim.session.peer_id, ErrorCode.KICKED)
        assert left in other.events
        assert left in host.events
    else:
        assert is_open(victim)


@given(networks(worst_loss=0.15))
def test_everybody_is_told_when_the_host_is_gone(network: Network) -> None:
    host, *others = open_room(network, members=3)
    host.conditions = CUT
    network.run(125)
    for member in others:
        member.conditions = PERFECT

    network.run(HEALED_WITHIN)

    assert [closed_code(member) for member in others] == [ErrorCode.HOST_LOST] * 2
    assert closed_code(host) == ErrorCode.LEASE_EXPIRED
    assert (network.relay.room_count, network.relay.session_count) == (0, 0)


@given(networks())
def test_leaving_ends_within_the_time_of_a_request(network: Network) -> None:
    host, member = open_room(network, members=2)

    member.leave()

    assert network.run_until(lambda: member.closed is not None, within=GIVE_UP_AFTER)
    assert member.closed == Closed(None)
    network.heal()
    network.run(61)
    assert set(host.session.roster) == {1}
    check_session_events(host)


@given(networks())
def test_captured_seal_has_no_effect_when_it_is_sent_again(network: Network) -> None:
    """SEAL-1, SEAL-3: neither at the relay nor at a member, and it renews no lease."""
    host, member = open_room(network, members=2)
    network.run(3)
    network.rebind(member)
    network.run(3)
    network.heal()
    network.run(HEALED_WITHIN)
    member.conditions = CUT
    captured = [sent for sent in network.sent if decode_header(sent.data).kind is Kind.SEAL]
    before = list(member.events)

    for _ in range(16):
        for sent in captured:
            if sent.target == RELAY:
                network.deliver_to_relay(sent.data, sent.source)
            else:
                network.deliver_to_member(sent.data, sent.target)
        network.run(1)

    assert PeerLost(member.session.peer_id) in host.events
    assert set(network.roster(host.session.code)) == {1, 2}
    assert member.events == [*before, SessionLost()]
    check_session_events(host)
