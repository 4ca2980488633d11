"""Limits, rates and timers that change while the relay runs; no room is touched."""

from dataclasses import replace

import pytest

from packhorse.wire.constants import DropReason, ErrorCode, FirstByte, RoomEventKind
from packhorse.wire.messages import Closed, Error, Events, Grant, Limited
from packhorse_relay.core.settings import Settings
from tests.support.applicant import Applicant, nonce
from tests.support.binding_harness import Binding
from tests.support.deliveries import deliveries
from tests.support.relay_harness import UNLIMITED, Members, Outcome, RawMember, Rig, Sent, address


def change(rig: Rig, settings: Settings) -> None:
    rig.core.change_settings(settings, now=rig.now)


def error_of(outcome: Outcome) -> Error:
    assert isinstance(outcome.answer, Error), outcome
    return outcome.answer


def burst(member: RawMember, count: int) -> int:
    """Return how many of so many datagrams that are sent at once get through."""
    return sum(len(deliveries(member.send(member.data(1)).sent)) for _ in range(count))


def advance(rig: Rig, seconds: int, speaking: Members) -> list[Sent]:
    """Let time pass while some members go on with PING every second."""
    sent: list[Sent] = []
    for _ in range(seconds):
        sent += rig.advance(1)
        for member in speaking:
            sent += member.send(member.ping()).sent
    return sent


def test_changed_counts_bind_those_who_come_next() -> None:
    rig = Rig()
    host, _ = rig.room(2)

    change(rig, Settings(max_rooms=1, max_peers=2))

    refused = error_of(rig.ask_to_create(Applicant(address=address(9))))
    assert refused.code == ErrorCode.RELAY_FULL
    assert rig.join(host.code, address(10)).peer == 3  # the room was opened for more


def test_lowered_counts_end_no_session() -> None:
    rig = Rig()
    members = rig.room(4)

    change(rig, Settings(max_sessions=1, sessions_per_source=0, rooms_per_source=0))
    advance(rig, 120, members)

    assert rig.core.session_count == 4


@pytest.mark.parametrize("before", [Settings(), Settings(client_datagram_rate=1e15)])
def test_lowered_data_rate_binds_the_members_there_are(before: Settings) -> None:
    rig = Rig(before)
    _, client = rig.room(2)
    assert burst(client, 100) == 100

    change(rig, Settings(client_datagram_rate=10, client_byte_rate=1e6))

    assert burst(client, 100) == 5  # half a second's worth
    assert rig.core.drops == {DropReason.DATA_LIMITED: 95}
    rig.advance(10)
    assert burst(client, 100) == 5


def test_raised_data_rate_frees_the_members_there_are() -> None:
    rig = Rig(Settings(client_datagram_rate=10))
    _, client = rig.room(2)
    assert burst(client, 100) == 5

    change(rig, Settings(client_datagram_rate=1000))
    rig.advance(1)

    assert burst(client, 500) == 500


def test_limited_tells_the_new_rate() -> None:
    rig = Rig()
    host, client = rig.room(2)

    change(rig, Settings(client_datagram_rate=20, host_datagram_rate=40))

    for member, other, rate in ((client, host, 20), (host, client, 40)):
        sent = [s for _ in range(50) for s in member.send(member.data(other.peer)).sent]
        told = [m for m in member.heard(sent) if isinstance(m, Limited)]
        assert [each.datagrams_per_second for each in told] == [rate]


def test_member_far_over_a_lowered_limit_has_30_s_like_everybody() -> None:
    """LIM-4 counts from the change on, not from before."""
    rig = Rig()
    host, client = rig.room(2)
    sent: list[Sent] = []
    for second in range(100):
        if second == 60:
            change(rig, Settings(client_datagram_rate=1, client_byte_rate=1000))
        sent = [s for _ in range(100) for s in client.send(client.data(1)).sent]
        sent += advance(rig, 1, [host, client])
        if any(isinstance(message, Closed) for message in client.heard(sent)):
            break

    assert 90 <= second <= 93


@pytest.mark.parametrize(
    ("lowered", "code"),
    [
        (Settings(create_rate=0), ErrorCode.RATE_LIMITED),
        (Settings(rooms_per_source=0), ErrorCode.QUOTA),
        (Settings(sessions_per_source=0), ErrorCode.QUOTA),
    ],
)
def test_changed_rates_and_quotas_of_creating_count_at_once(
    lowered: Settings, code: ErrorCode
) -> None:
    rig = Rig()

    change(rig, lowered)
    assert error_of(rig.ask_to_create(Applicant(address=address(1)))).code == code

    change(rig, Settings())
    rig.create(address(1), number=2)


def test_changed_rate_of_joining_counts_at_once() -> None:
    rig = Rig()
    host = rig.create(address(1))

    change(rig, Settings(join_rate=1))
    rig.join(host.code, address(2))
    late = Applicant(address=address(2), nonce=nonce(2))

    refused = error_of(rig.ask_to_join(late, host.code))
    assert (refused.code, refused.retry_after_ms) == (ErrorCode.RATE_LIMITED, 60_000)


def test_changed_hello_rate_counts_at_once() -> None:
    rig = Rig()

    change(rig, Settings(hello_rate=1))
    drops = [rig.send(Applicant(address=address(1)).hello(), address(1)).drop for _ in range(4)]

    assert drops == [None, None, DropReason.RATE_LIMITED, DropReason.RATE_LIMITED]


def test_changed_reply_rate_counts_at_once() -> None:
    rig = Rig()

    change(rig, Settings(reply_rate=2))
    stray = bytes([FirstByte.DATA, 1, 0, 0, 0, 1]) + bytes(20)
    answered = sum(bool(rig.send(stray, address(1)).sent) for _ in range(10))

    assert answered == 2


def test_changed_bind_rate_counts_at_once() -> None:
    rig = Rig(UNLIMITED)
    _, client = rig.room(2)

    change(rig, replace(UNLIMITED, bind_rate=0))

    assert error_of(Binding.of(client, address(50)).send(rig)).code == ErrorCode.RATE_LIMITED


def test_changed_number_of_failures_blocks_sooner() -> None:
    rig = Rig()
    host = rig.create(address(1))

    change(rig, Settings(join_failures=1, block_first=7))
    for number in range(2):
        guess = Applicant(address=address(2), nonce=nonce(number))
        assert error_of(rig.ask_to_join(guess, "00000000")).code == ErrorCode.JOIN_DENIED

    blocked = error_of(rig.ask_to_join(Applicant(address=address(2), nonce=nonce(9)), host.code))
    assert (blocked.code, blocked.retry_after_ms) == (ErrorCode.RATE_LIMITED, 7000)


QUICK = replace(
    UNLIMITED, ping_interval=1, lost_after=3, client_removed_after=6, host_removed_after=12
)


def test_members_keep_the_timers_that_they_were_told() -> None:
    """They ping at the interval of their GRANT: shorter times would lose them all."""
    rig = Rig(UNLIMITED)
    host, client = rig.room(2)

    change(rig, QUICK)
    told = host.heard(rig.advance(8))

    assert told == []
    host.send(host.ping())
    client.send(client.ping())
    assert rig.core.session_count == 2


def test_who_joins_after_the_change_goes_by_the_new_timers() -> None:
    rig = Rig(UNLIMITED)
    host = rig.create(address(1))
    change(rig, QUICK)
    late = rig.join(host.code, address(2))

    grant = late.grant
    assert (grant.ping_interval_ms, grant.lost_after_ms, grant.removed_after_ms) == (
        1000,
        3000,
        6000,
    )
    events = [m for m in host.heard(advance(rig, 7, [host])) if isinstance(m, Events)]
    kinds = [event[1] for message in events for event in message.events]
    assert kinds == [RoomEventKind.PEER_LOST, RoomEventKind.PEER_LEFT]


def test_repeated_grant_tells_the_timers_by_which_the_session_goes() -> None:
    rig = Rig(UNLIMITED)
    applicant = Applicant(address=address(1))
    create = applicant.create(rig.cookie(applicant))
    rig.send(create, address(1))

    change(rig, QUICK)
    again = rig.send(create, address(1)).answer

    assert isinstance(again, Grant)
    assert again.lost_after_ms == UNLIMITED.lost_after * 1000


def test_session_that_binds_after_the_change_goes_by_the_new_timers() -> None:
    rig = Rig(UNLIMITED)
    host, client = rig.room(2)
    change(rig, QUICK)
    moved = Binding.of(client, address(50)).bound(rig)

    assert moved.grant.removed_after_ms == 6000
    lost_at = rig.now + QUICK.lost_after
    events = [m for m in host.heard(rig.advance(3)) if isinstance(m, Events)]
    assert rig.now == lost_at
    assert [event[1] for event in events[0].events] == [RoomEventKind.PEER_LOST]
