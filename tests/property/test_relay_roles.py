"""Attacks on roles and rooms of the relay, by numbers of the list of attacks."""

from collections.abc import Callable
from random import Random
from typing import Final

import pytest

from packhorse.wire.constants import DropReason, ErrorCode, FirstByte
from packhorse.wire.ctrl import encode_ctrl
from packhorse.wire.header import encode_destination
from packhorse.wire.legacy import encode_legacy
from packhorse.wire.messages import (
    Ack,
    Closed,
    Error,
    Events,
    Grant,
    Join,
    JoinRequest,
    PathChallenge,
    Pong,
    RelaySeal,
    Roster,
)
from packhorse.wire.seal import encode_seal
from packhorse_relay.core.settings import PROFILES
from tests.support.applicant import TRANSACTION, Applicant, nonce
from tests.support.deliveries import deliveries
from tests.support.relay_harness import Members, RawMember, Rig, address

SLOW: Final = (pytest.mark.slow, pytest.mark.timeout(600))
DAY: Final = 86_400.0  # seconds
EVE: Final = address(900)


def two_rooms(rig: Rig) -> tuple[Members, Members]:
    """Return two rooms with the same peer ids at the same addresses."""
    rooms: list[Members] = []
    for room in range(2):
        host = rig.create(address(1), number=room)
        rooms.append([host, *(rig.join(host.code, address(n), number=room) for n in (2, 3))])
    return rooms[0], rooms[1]


def room_states(rig: Rig) -> dict[str, tuple[object, ...]]:
    """Return what SET_ROOM can change, of every room."""
    return {
        room.code: (
            room.topology,
            room.max_peers,
            room.is_locked,
            room.password_key,
            room.needs_approval,
        )
        for room in rig.core._registry.rooms.values()
    }


def roster(rig: Rig) -> list[tuple[str, list[int]]]:
    """Return the peers of every room."""
    rooms = rig.core._registry.rooms.values()
    return [(room.code, list(room.sessions)) for room in rooms]


def random_datagram(random: Random, tag: int, rig: Rig) -> bytes:
    """Return DATA or FRAME as members send it, or anything else that starts as a datagram may."""
    if random.random() < 0.2:
        return bytes([random.choice([*FirstByte, 0]), tag]) + random.randbytes(random.randrange(60))
    session = random.choice([random.randrange(-5, 6), *rig.core._registry.sessions])
    to = session if session < 2**31 else session - 2**32
    return encode_destination(random.choice([FirstByte.DATA, FirstByte.FRAME]), tag, to) + b"x"


@pytest.mark.parametrize("count", [5_000, pytest.param(1_000_000, marks=SLOW)])
def test_attack_20_no_datagram_leaves_its_room(count: int) -> None:
    """ROOM-3: random datagrams from members of both rooms, who share their addresses."""
    rig, random = Rig(PROFILES["unlimited"]), Random(20)  # noqa: S311 - repeatable by design
    rooms = two_rooms(rig)
    tags = {member.grant.tag: number for number, room in enumerate(rooms) for member in room}
    before, delivered = roster(rig), 0
    for _ in range(count):
        tag, source = random.choice([*tags]), address(random.randrange(1, 4))
        for copy in deliveries(rig.send(random_datagram(random, tag, rig), source).sent):
            assert tags[copy.tag] == tags[tag]
            delivered += 1

    assert len(tags) == 6
    assert delivered > count / 5
    assert roster(rig) == before


ROLES: Final[dict[str, Callable[[Members, Members], RawMember]]] = {
    "host": lambda own, _: own[0],
    "member": lambda own, _: own[1],
    "host of another room": lambda _, other: other[0],
    "member of another room": lambda _, other: other[1],
}


REQUESTS: Final[dict[str, Callable[[RawMember], bytes]]] = {
    "ping": RawMember.ping,
    "sync": lambda member: member.sync(0),
    "leave": RawMember.leave,
    "admit": lambda member: member.decide(1, admit=True),
    "path_response": lambda member: member.path_response(bytes(8)),
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("target", [2, 3])
def test_attack_30_only_the_host_of_the_room_removes_anybody(role: str, target: int) -> None:
    """SEAL-4: what another room's host removes is in its own room."""
    rig = Rig()
    own, other = two_rooms(rig)
    member = ROLES[role](own, other)
    (ack, *_) = member.heard(member.send(member.kick(target)).sent)

    peers = dict(roster(rig))
    kicked = [1, 5 - target]
    assert peers[own[0].code] == (kicked if role == "host" else [1, 2, 3])
    assert peers[other[0].code] == (kicked if role == "host of another room" else [1, 2, 3])
    assert isinstance(ack, Ack)
    assert ack.code == (0 if "host" in role else ErrorCode.NOT_ALLOWED)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "change",
    [
        {"max_peers": 7},
        {"locked": True},
        {"approval": True},
        {"password_key": bytes(32)},
        {"password_key": b""},
        {"locked": True, "max_peers": 7},
    ],
)
def test_attack_30_only_the_host_of_the_room_changes_it(
    role: str, change: dict[str, object]
) -> None:
    """ADM-7: what another room's host changes is its own room."""
    rig = Rig()
    own, other = two_rooms(rig)
    own[0].send(own[0].set_room(password_key=bytes(range(32))))
    other[0].send(other[0].set_room(password_key=bytes(range(32))))
    before = room_states(rig)
    member = ROLES[role](own, other)
    (ack,) = member.heard(member.send(member.set_room(**change)).sent)
    changed = [code for code, state in room_states(rig).items() if state != before[code]]

    assert isinstance(ack, Ack)
    assert ack.code == (0 if "host" in role else ErrorCode.NOT_ALLOWED)
    assert changed == ([member.code] if "host" in role else [])


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("request_name", REQUESTS)
def test_attack_30_other_requests_concern_only_who_makes_them(role: str, request_name: str) -> None:
    """SEAL-4: no role gives power over another by them; a host that leaves ends its room."""
    rig = Rig()
    own, other = two_rooms(rig)
    member = ROLES[role](own, other)
    before = dict(roster(rig))
    member.send(REQUESTS[request_name](member))

    if request_name == "leave":
        before[member.code].remove(member.peer)
        if member.peer == 1:
            del before[member.code]
    assert dict(roster(rig)) == before


@pytest.mark.parametrize(
    "message",
    [
        Pong(seq=9, ping=1, rev=0, mapped=bytes(6)),
        Events(seq=9, events=()),
        Roster(seq=9, rev=1, page=0, pages=1, peers=()),
        Ack(seq=9, request=1, code=0),
        Closed(seq=9, code=ErrorCode.KICKED),
        JoinRequest(seq=9, request=1, name=""),
        PathChallenge(seq=9, challenge=bytes(8)),
    ],
)
@pytest.mark.parametrize("role", ROLES)
def test_attack_30_no_member_says_what_only_the_relay_says(role: str, message: RelaySeal) -> None:
    """MSG-4."""
    rig = Rig()
    own, other = two_rooms(rig)
    member = ROLES[role](own, other)
    key = member.keys.member_to_relay
    data = encode_seal(message, member.grant.session, member.grant.tag, key)

    assert member.send(data) == (DropReason.WRONG_DIRECTION, [])


@pytest.mark.parametrize("role", ROLES)
def test_attack_30_requests_signed_by_another_are_refused(role: str) -> None:
    """SEAL-1: every pair of a signer and a session that is not its own."""
    rig = Rig()
    own, other = two_rooms(rig)
    signer = ROLES[role](own, other)
    victims = [member for member in (*own, *other) if member is not signer]
    leave = signer.leave()
    for victim in victims:
        forged = leave[:2] + victim.grant.session.to_bytes(4, "big") + leave[6:]
        assert signer.send(forged, victim.address) == (DropReason.BAD_MAC, [])

    assert [peers for _, peers in roster(rig)] == [[1, 2, 3]] * 2


@pytest.mark.parametrize("days", [-1, 1])
def test_attack_31_clock_that_jumps_by_a_day_breaks_nothing(days: int) -> None:
    """LIM-1: back, all is as it was; on, all has ended, and both admit new members."""
    rig = Rig(now=2 * DAY)
    members = rig.room(3)
    rig.ask_to_join(Applicant(address=EVE), "00000000")
    rig.now += days * DAY
    rig.core.handle_timeout(now=rig.now)
    for member in members:
        member.send(member.ping())
        member.send(member.data(0))
    rig.drain()

    assert rig.core.session_count == (3 if days < 0 else 0)
    assert rig.create(address(500)).peer == 1


def test_attack_31_sequence_numbers_do_not_wrap() -> None:
    """SEAL-1: after the last number nothing is fresh any more."""
    rig = Rig()
    _, member = rig.room(2)
    member.next_seq = 2**32 - 1
    member.send(member.ping())
    member.next_seq = 1

    assert [member.send(member.ping()).drop for _ in range(3)] == [DropReason.REPLAYED] * 3


def test_attack_31_peer_ids_run_out_instead_of_starting_over() -> None:
    """JOIN-6."""
    rig = Rig()
    host, client = rig.room(2)
    client.send(client.leave())
    (room,) = rig.core._registry.rooms.values()
    room.next_peer = 2**31 - 1
    last = rig.join(host.code, address(3))
    refused = rig.ask_to_join(Applicant(address=address(4)), host.code)

    assert last.peer == 2**31 - 1
    assert refused.answers == [Error(code=ErrorCode.ROOM_FULL)]


@pytest.mark.parametrize(("low", "high", "features"), [(0, 1, 0), (1, 2, 0), (1, 1, 1 << 31)])
def test_attack_34_offer_altered_on_the_path_gets_a_cookie_that_does_not_fit(
    low: int, high: int, features: int
) -> None:
    """JOIN-3: HELLO is altered, the member's CREATE is not."""
    rig = Rig()
    member = Applicant(address=address(1))
    altered = Applicant(address=address(1), version_min=low, version_max=high, features=features)
    outcome = rig.send(member.create(rig.cookie(altered)), member.address)

    assert outcome.answers == [Error(code=ErrorCode.COOKIE_INVALID)]
    assert rig.core.session_count == 0


@pytest.mark.parametrize("data", [encode_legacy(1), encode_legacy(1, b"x")])
def test_attack_34_members_are_not_talked_down_to_legacy(data: bytes) -> None:
    """LEG-1: it is off by default, and a namespace of its own."""
    rig = Rig()
    host, _ = rig.room(2)

    assert host.send(data) == (DropReason.LEGACY_DISABLED, [])


def test_attack_35_nobody_becomes_the_host_while_the_host_is_lost() -> None:
    """JOIN-6: id 1 stays the host's, who comes back as the same."""
    rig = Rig()
    host, client = rig.room(2)
    for _ in range(10):
        rig.advance(10)
        client.send(client.ping())
    joiner = rig.join(host.code, EVE)
    eve = rig.create(EVE, number=2)
    kick = joiner.heard(joiner.send(joiner.kick(2)).sent)
    back = host.heard(host.send(host.kick(joiner.peer)).sent)

    assert (joiner.peer, eve.code == host.code) == (3, False)
    assert [message.code for message in kick if isinstance(message, Ack)] == [203]
    assert [message.code for message in back if isinstance(message, Ack)] == [0]


def test_attack_35_nonce_of_the_host_is_worth_nothing_elsewhere() -> None:
    """JOIN-4: the attempt is the host's only from the host's address."""
    rig = Rig()
    host = rig.create(address(1), number=7)
    eve = Applicant(address=EVE, nonce=nonce(7))
    grant = rig.ask_to_join(eve, host.code).answer

    assert isinstance(grant, Grant)
    assert (grant.peer, grant.key == host.grant.key) == (2, False)


def test_attack_35_join_cannot_name_a_peer() -> None:
    """JOIN-6: there is no field for it; an unknown key is skipped."""
    rig = Rig()
    host = rig.create(address(1))
    eve = Applicant(address=EVE)
    join = Join(
        version_min=1,
        version_max=1,
        features=0,
        nonce=eve.nonce,
        cookie=rig.cookie(eve),
        max_datagram=1200,
        code=host.code,
    )
    grant = rig.send(encode_ctrl(join, TRANSACTION, {14: 1}), EVE).answer

    assert isinstance(grant, Grant)
    assert grant.peer == 2
