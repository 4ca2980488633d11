"""Sessions that are taken up again after a restart of the relay or the member, in virtual time."""

import pytest

from packhorse.core.events import (
    PeerFound,
    PeerId,
    PeerJoined,
    PeerLeft,
    PeerLost,
    RelayDraining,
    RequestEnded,
    SessionLost,
    SessionResumed,
)
from packhorse.core.saved_session import SavedSession
from packhorse.testing.link import CUT, PERFECT, Conditions
from packhorse.wire.constants import ErrorCode, MemberState, Mode, PeerState
from packhorse.wire.errors import RateLimitedError, RelayRefusedError, SessionClosedByError
from packhorse_relay.core.settings import Settings
from tests.support.network import Member, Network, room_of

GOOD = Conditions(latency=0.03)
BAD = Conditions(latency=0.05, jitter=0.04, loss=0.2, reorder=0.1, duplicate=0.1)


def closed_code(member: Member) -> int | None:
    error = member.closed.error if member.closed else None
    return error.code if isinstance(error, SessionClosedByError | RelayRefusedError) else None


def talk(members: list[Member], number: int) -> None:
    """Let each tell all others a number, reliably."""
    for member in members:
        assert member.try_post(str(number).encode(), 0, Mode.RELIABLE)


def heard(member: Member, source: Member) -> list[int]:
    own = source.session.peer_id
    return [int(message.data) for message in member.messages if message.source == own]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("conditions", [GOOD, BAD], ids=["good", "bad"])
def test_restart_in_the_middle_of_traffic_loses_and_doubles_nothing(
    conditions: Conditions, seed: int
) -> None:
    """RES-3, RES-7, RES-8, DEL-4: the same code, the same ids, every message once."""
    network = Network(PERFECT, seed=seed)
    members = room_of(network, 4)
    for member in members:
        member.conditions = conditions
    code = members[0].session.code
    ids = [member.session.peer_id for member in members]

    for number in range(200):
        talk(members, number)
        network.run(0.05)
        if number in {40, 120}:
            network.restart_relay()
    network.run(30.0)

    assert [member.session.peer_id for member in members] == ids
    assert {member.session.code for member in members} == {code}
    for member in members:
        for other in members:
            if other is not member:
                assert heard(member, other) == list(range(200))
        assert member.events_of(PeerLeft, PeerJoined) == []
        assert member.events_of(SessionLost) != []
        assert member.events_of(SessionResumed) != []


def test_idle_room_is_back_within_ten_seconds() -> None:
    network = Network(GOOD)
    members = room_of(network, 4)
    network.run(30.0)
    for member in members:
        member.events.clear()

    network.restart_relay()
    network.run(10.0)

    assert network.relay.session_count == 4
    for member in members:
        assert member.events_of(SessionResumed) == [SessionResumed()]
        assert set(member.session.roster.values()) == {PeerState.PRESENT}


def test_member_that_does_not_come_back_is_lost_and_then_has_left() -> None:
    """RES-8: absence means nothing until the room has recovered."""
    network = Network(GOOD)
    host, client, absent = room_of(network, 3)
    gone = absent.session.peer_id
    absent.conditions = CUT

    network.restart_relay()
    network.run(50.0)

    assert host.session.roster[gone] is PeerState.LOST
    assert client.session.roster[gone] is PeerState.LOST
    network.run(20.0)
    assert PeerLeft(gone) in host.events
    assert PeerLeft(gone) in client.events
    assert closed_code(absent) == ErrorCode.LEASE_EXPIRED


def test_room_waits_for_its_host_and_is_closed_when_he_does_not_come() -> None:
    """RES-9: nobody joins meanwhile; HOST_LOST at the end."""
    network = Network(GOOD)
    host, client = room_of(network, 2)
    code = host.session.code
    host.conditions = CUT

    network.restart_relay()
    network.run(20.0)
    stranger = network.join(code)
    network.run(1.0)

    assert closed_code(stranger) == ErrorCode.RATE_LIMITED
    assert client.session.state is MemberState.JOINED
    network.run(120.0)
    assert closed_code(client) == ErrorCode.HOST_LOST
    assert network.relay.room_count == 0


def test_newcomer_gets_an_id_above_all_that_may_come_back() -> None:
    """RES-7."""
    network = Network(GOOD)
    host, _, late = room_of(network, 3)
    late.conditions = CUT
    network.restart_relay()
    network.run(8.0)

    newcomer = network.join(host.session.code)
    network.run(2.0)
    late.conditions = GOOD
    network.run(10.0)

    assert newcomer.session.peer_id >= 1024
    assert late.session.peer_id == 3
    assert set(host.session.roster) == {1, 2, 3, newcomer.session.peer_id}
    assert set(late.session.roster) == set(host.session.roster)


def test_crashed_program_goes_on_with_its_saved_session() -> None:
    """The peers are told that what was under way is void."""
    network = Network(GOOD)
    host, client, other = room_of(network, 3)
    network.run(3.0)
    saved = SavedSession.from_text(client.session.saved.to_text())
    client.conditions = CUT

    again = network.resume(saved)
    network.run(2.0)
    assert again.try_post(b"7", 0, Mode.RELIABLE)
    assert host.try_post(b"8", 2, Mode.RELIABLE)
    network.run(2.0)

    assert again.session.peer_id == 2
    assert again.session.code == host.session.code
    assert host.events_of(PeerLeft, PeerJoined) == [
        PeerLeft(PeerId(2), ErrorCode.REPLACED),
        PeerJoined(PeerId(2)),
    ]
    assert [heard(host, again), heard(other, again), heard(again, host)] == [[7], [7], [8]]


def test_program_whose_session_was_taken_over_is_told_so() -> None:
    """RES-5: and it does not take it back."""
    network = Network(GOOD)
    host, client = room_of(network, 2)

    again = network.resume(client.session.saved)
    network.run(20.0)

    assert closed_code(client) == ErrorCode.REPLACED
    assert again.session.state is MemberState.JOINED
    assert host.session.roster[PeerId(2)] is PeerState.PRESENT


def test_program_that_missed_the_news_is_told_when_it_speaks() -> None:
    """RES-5: its PING is answered with the keys that it knows."""
    network = Network(GOOD)
    _, client = room_of(network, 2)
    client.down.conditions = CUT
    network.resume(client.session.saved)
    network.run(1.0)

    client.down.conditions = GOOD
    network.run(7.0)

    assert closed_code(client) == ErrorCode.REPLACED


def test_session_is_bound_to_another_path_without_losing_anything() -> None:
    network = Network(GOOD)
    host, client = room_of(network, 2)
    for number in range(50):
        talk([host, client], number)
        network.run(0.05)
        if number == 25:
            network.rebind(client)
            client.bind()
    network.run(3.0)

    assert heard(host, client) == heard(client, host) == list(range(50))
    assert host.events_of(PeerLeft, PeerLost, PeerFound) == []
    assert client.closed is None


def test_session_is_given_up_after_its_time() -> None:
    """RES-10: with advice, not for ever."""
    network = Network(GOOD)
    _, client = room_of(network, 2)
    client.conditions = CUT

    network.run(61.0)

    assert closed_code(client) == ErrorCode.LEASE_EXPIRED
    assert client.closed is not None
    assert client.closed.error is not None
    assert client.closed.error.advice


def test_kick_that_the_restart_swallowed_is_done_after_it() -> None:
    """SEAL-2: an open request goes on in the new epoch."""
    network = Network(GOOD)
    host, client, _ = room_of(network, 3)
    network.restart_relay()
    host.kick(client)
    network.run(20.0)

    assert closed_code(client) == ErrorCode.KICKED
    assert 2 not in host.session.roster


def test_kicked_member_cannot_come_back_by_a_restart() -> None:
    """RES-6: the host tells a relay that has forgotten it whom it had removed."""
    network = Network(GOOD)
    host, client, _ = room_of(network, 3)
    saved = client.session.saved
    host.kick(client)
    network.run(1.0)
    host.events.clear()
    network.restart_relay()
    network.run(8.0)

    again = network.resume(saved)
    network.run(8.0)

    assert closed_code(again) == ErrorCode.KICKED
    assert host.events_of(RequestEnded, PeerJoined) == []


def test_kicked_member_that_is_back_before_the_host_is_removed_again() -> None:
    network = Network(GOOD)
    host, client, _ = room_of(network, 3)
    saved = client.session.saved
    host.kick(client)
    network.run(1.0)
    host.conditions = CUT
    network.restart_relay()
    again = network.resume(saved)
    network.run(1.0)
    assert again.session.state is MemberState.JOINED

    host.conditions = GOOD
    network.run(10.0)

    assert closed_code(again) == ErrorCode.KICKED
    assert 2 not in host.session.roster


def test_member_that_leaves_while_the_relay_restarts_just_ends() -> None:
    network = Network(GOOD)
    _, client = room_of(network, 2)
    network.restart_relay()

    client.leave()
    network.run(10.0)

    assert client.closed is not None
    assert client.closed.error is None


def test_sessions_of_a_full_relay_come_back_when_there_is_place() -> None:
    network = Network(GOOD)
    members = room_of(network, 3)
    network.restart_relay(Settings(max_sessions=2))
    network.run(12.0)
    assert network.relay.session_count == 2

    network.restart_relay()
    network.run(12.0)

    assert network.relay.session_count == 3
    assert [member.closed for member in members] == [None] * 3


def test_drain_is_told_to_all_and_no_room_is_opened() -> None:
    """RES-11: also to whom the first notice did not reach."""
    network = Network(PERFECT)
    host, client = room_of(network, 2)
    client.down.conditions = CUT
    network.drain_relay(60.0)
    network.run(0.1)
    client.down.conditions = PERFECT
    network.run(6.0)
    stranger = network.create_room()
    newcomer = network.join(host.session.code)
    network.run(1.0)

    assert host.events_of(RelayDraining) == [RelayDraining(60.0)]
    [told] = client.events_of(RelayDraining)
    assert isinstance(told, RelayDraining)
    assert told.seconds < 60.0
    assert closed_code(stranger) == ErrorCode.DRAINING
    assert newcomer.session.state is MemberState.JOINED


def test_refusal_to_wait_for_the_host_says_when_to_ask_again() -> None:
    network = Network(GOOD)
    host, client = room_of(network, 2)
    code = host.session.code
    host.conditions = CUT
    network.restart_relay()
    network.run(10.0)
    assert client.session.state is MemberState.JOINED

    stranger = network.join(code)
    network.run(1.0)

    assert stranger.closed is not None
    assert isinstance(stranger.closed.error, RateLimitedError)
    assert stranger.closed.error.retry_after == 1.0
