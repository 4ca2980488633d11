"""Attacks on the relay's time and on its answers, by numbers of the list of attacks."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Final
from unittest.mock import patch

import pytest

from packhorse.wire import constants as c
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import DropReason, FirstByte, RoomEventKind
from packhorse.wire.ctrl import decode_ctrl, encode_ctrl
from packhorse.wire.fields import Sender
from packhorse.wire.messages import Events, Roster
from packhorse.wire.msgpack_profile import Value, _Decoder
from packhorse.wire.seal import SharedSeal
from packhorse_relay.core.settings import Settings
from tests.support.applicant import Applicant
from tests.support.binding_harness import Binding
from tests.support.relay_harness import UNLIMITED, Members, RawMember, Rig, address

EVE: Final = address(900)
IPV6: Final = TransportAddress("2001:db8::1", 40000)


def spoof_small_datagrams(rig: Rig, victim: TransportAddress) -> None:
    """Use up every answer that datagrams without padding or proof can provoke."""
    eve = Applicant(address=victim)
    for number in range(200):
        for data in (
            bytes([FirstByte.DATA, number, 0, 0, 0, 1, 1, 2, 3]),
            bytes([FirstByte.SEAL, 0]) + number.to_bytes(4, "big") + bytes(20),
            eve.create(bytes(20)),
            eve.join(bytes(20), "00000000"),
        ):
            rig.send(data, victim)


@pytest.mark.parametrize("source", [EVE, IPV6])
def test_attack_04_spoofed_small_datagrams_keep_no_address_from_joining(
    source: TransportAddress,
) -> None:
    """NUDGE, SESSION_UNKNOWN and COOKIE_INVALID have another budget than CHALLENGE."""
    rig = Rig()
    host = rig.create(address(1))
    spoof_small_datagrams(rig, source)

    assert rig.join(host.code, source).peer == 2


def test_attack_07_blocked_source_is_told_so_ten_times_a_second_at_most() -> None:
    """Each JOIN has a valid cookie; the refusals come out of a budget."""
    rig = Rig(Settings(hello_rate=1e6, join_rate=1e6))
    eve = Applicant(address=EVE)
    join = eve.join(rig.cookie(eve), "00000000")
    outcomes = [rig.send(join, EVE) for _ in range(500)]

    assert sum(len(outcome.sent) for outcome in outcomes) == 10
    assert {outcome.drop for outcome in outcomes[10:]} == {DropReason.REPLY_BUDGET}


def test_attack_09_copies_of_an_ended_attempt_are_answered_ten_times_a_second_at_most() -> None:
    """JOIN of a session that has left, captured and sent again and again."""
    rig = Rig(Settings(hello_rate=1e6))
    host = rig.create(address(1))
    eve = Applicant(address=EVE)
    join = eve.join(rig.cookie(eve), host.code)
    member = RawMember.granted(rig, rig.send(join, EVE), EVE)
    member.send(member.leave())

    assert sum(len(rig.send(join, EVE).sent) for _ in range(500)) == 10


def test_attack_09_seal_of_an_ended_session_is_answered_ten_times_a_second_at_most() -> None:
    """One captured SEAL, repeated from the address of the session that has ended."""
    rig = Rig()
    _, member = rig.room(2)
    ping = member.ping()
    member.send(member.leave())

    assert sum(len(member.send(ping).sent) for _ in range(500)) == 10


NESTED: Final[dict[int, Value]] = {key: [[]] * 64 for key in (112, 113, 114)}


def nodes_read(action: Callable[[], object]) -> int:
    """Return how many msgpack values an action decodes: what a datagram costs the relay."""
    with patch.object(_Decoder, "value", autospec=True, side_effect=_Decoder.value) as value:
        action()
    return value.call_count


def test_attack_32_forged_join_full_of_arrays_is_refused_before_it_is_decoded() -> None:
    """271 bytes from anywhere, 190 values after a cookie that is not valid."""
    rig = Rig()
    join = Applicant(address=EVE).join(bytes(20), "00000000")
    fat = encode_ctrl(decode_ctrl(join, Sender.MEMBER), 1, NESTED)

    assert nodes_read(lambda: rig.send(fat, EVE)) == 0
    assert rig.core.drops == {DropReason.COOKIE_INVALID: 1}


def test_attack_32_join_full_of_arrays_from_a_proven_address_is_read_to_64_nodes() -> None:
    rig = Rig()
    eve = Applicant(address=EVE)
    join = eve.join(rig.cookie(eve), "00000000")
    fat = encode_ctrl(decode_ctrl(join, Sender.MEMBER), 1, NESTED)

    assert nodes_read(lambda: rig.send(fat, EVE)) <= c.CTRL_MAX_NODES
    assert rig.core.drops == {DropReason.TOO_MANY_NODES: 1}


def test_attack_32_attempts_with_a_valid_cookie_are_read_ten_at_once_and_five_a_second() -> None:
    rig = Rig()
    eve = Applicant(address=EVE)
    join = eve.join(rig.cookie(eve), "00000000")
    fat = encode_ctrl(decode_ctrl(join, Sender.MEMBER), 1, NESTED)
    for _ in range(500):
        rig.send(fat, EVE)

    assert rig.core.drops == {DropReason.TOO_MANY_NODES: 10, DropReason.RATE_LIMITED: 490}


def test_attack_32_hellos_full_of_arrays_are_decoded_within_the_budget_of_answers() -> None:
    rig = Rig()
    hello = Applicant(address=EVE).hello(c.MIN_HELLO_SIZE)
    fat = encode_ctrl(decode_ctrl(hello, Sender.MEMBER), 1, NESTED)
    for _ in range(500):
        rig.send(fat, EVE)

    assert rig.core.drops == {DropReason.TOO_MANY_NODES: 10, DropReason.RATE_LIMITED: 490}


def crowd(size: int) -> tuple[Rig, Members]:
    """Return a room that `size` members of as many sources joined at the same time."""
    rig = Rig(replace(UNLIMITED, max_peers=size))
    return rig, rig.room(size)


def test_attack_33_members_that_fall_silent_together_are_dealt_with_in_small_steps() -> None:
    """Each timeout does a bounded amount; the next is due at once, after the sockets' turn."""
    rig, _ = crowd(300)
    sent: list[int] = []
    rig.now += c.LOST_AFTER
    while (rig.core.next_timeout() or math.inf) <= rig.now:
        rig.core.handle_timeout(now=rig.now)
        sent.append(len(rig.drain()))

    assert max(sent) <= 256 + 300
    assert sum(sent) <= 300 * (300 / c.HISTORY_LENGTH + 2)
    assert all(s.is_lost for s in rig.core._registry.sessions.values())


def test_attack_33_members_that_are_removed_together_are_removed_in_small_steps() -> None:
    rig, (host, *_) = crowd(300)
    rig.now += 50
    host.send(host.ping())
    rig.now += 10
    sent: list[int] = []
    while (rig.core.next_timeout() or math.inf) <= rig.now:
        rig.core.handle_timeout(now=rig.now)
        sent.append(len(rig.drain()))

    assert max(sent) <= 256 + 300
    assert rig.core.session_count == 1


def test_silence_of_many_is_told_to_the_others_without_a_gap() -> None:
    """ROOM-1: one EVENTS holds up to 32 changes, and nothing is left out."""
    rig, (host, *_) = crowd(100)
    rig.now += 10
    host.send(host.ping())
    sent = host.heard(rig.advance(6))

    told = [
        event[:3] for message in sent if isinstance(message, Events) for event in message.events
    ]
    assert [rev for rev, *_ in told] == list(range(101, 200))
    assert {kind for _, kind, _ in told} == {RoomEventKind.PEER_LOST}
    assert len(sent) <= 6


def test_attack_32_syncs_of_all_members_encode_no_roster_again() -> None:
    """The last to join got it; what differs between members is the number and the MAC."""
    _, members = crowd(64)
    with patch.object(SharedSeal, "of", side_effect=SharedSeal.of) as encode:
        answers = [m.heard(m.send(m.sync(0)).sent) for m in members for _ in range(20)]

    assert encode.call_count == 0
    assert all(isinstance(answer, Roster) for (answer,) in answers)


def test_attack_32_binds_over_the_rate_are_refused_before_they_are_decoded() -> None:
    """From a proven address, without end: 64 at once are read."""
    rig = Rig(Settings(hello_rate=1e6))
    binding = Binding(at=EVE, session=1, key=bytes(32), ticket=None)
    body = decode_ctrl(binding.datagram(rig), Sender.MEMBER)
    fat = encode_ctrl(body, 1, NESTED)
    for _ in range(64):
        rig.send(fat, EVE)

    assert nodes_read(lambda: [rig.send(fat, EVE) for _ in range(500)]) <= 40  # ten refusals
