"""Attacks on the list of public rooms, number 8 of the list of attacks."""

import hmac
from dataclasses import replace
from typing import Final

import hypothesis.strategies as st
from hypothesis import assume, given

from packhorse.core.credentials import Access
from packhorse.wire.codec import encode_body
from packhorse.wire.constants import LIST_RATE, MAX_LISTED, DropReason, ErrorCode, FirstByte
from packhorse.wire.header import encode_header
from packhorse.wire.messages import Ack, Error, RoomList, SetRoom
from packhorse.wire.room_list import decode_listed
from packhorse.wire.ticket import Permission, Ticket, show_secret, sign_ticket
from packhorse_relay.core.tickets import Gate, OperatorKeys
from tests.support.applicant import Applicant
from tests.support.relay_harness import UNLIMITED, RawMember, Rig, address

EVE: Final = address(900)
KEY: Final = bytes(range(32))
BOTH: Final = Permission.CREATE | Permission.JOIN


def holding(app: str) -> Access:
    """Return a good ticket for an application."""
    ticket = Ticket(id=bytes(8), permissions=BOTH, expires_at=60, app=app)
    return Access(ticket=show_secret(sign_ticket(ticket, KEY)))


def listed(rig: Rig, applicant: Applicant, cookie: bytes, after: str = "") -> RoomList:
    answer = rig.send(applicant.list_rooms(cookie, after), applicant.address).answer
    assert isinstance(answer, RoomList), answer
    return answer


@given(data=st.data())
def test_attack_08_private_rooms_never_appear_in_the_list(data: st.DataObject) -> None:
    """ADM-10: whatever is asked, the answer is that of a relay without the private rooms."""
    rig = Rig(replace(UNLIMITED, rooms_per_source=100))
    wishes = data.draw(st.lists(st.lists(st.booleans(), max_size=3), min_size=1, max_size=8))
    public: set[str] = set()
    for number, wish in enumerate(wishes):
        host = rig.create(address(number))
        for is_listed in wish:
            host.send(host.set_room(listed=is_listed, metadata=bytes(number * 40)))
        public |= {host.code} if wish and wish[-1] else set()
        is_over: bool = data.draw(st.booleans())
        if public and is_over:
            host.send(host.leave())
            public.discard(host.code)
    eve = Applicant(address=EVE, max_datagram=576)
    after = data.draw(st.sampled_from(["", "zzzzzzzz", *public]) | st.text(max_size=8))
    assume(len(after.encode()) <= 8 and "\0" not in after)
    page = listed(rig, eve, rig.cookie(eve), after)
    codes = {room.code for room in decode_listed(page.rooms)}

    assert codes <= {code for code in public if code > after}
    assert page.more == (codes != {code for code in public if code > after})


def test_attack_08_pages_lead_to_every_public_room_once() -> None:
    """ADM-10, ADM-11: within the size that was asked for."""
    rig = Rig(replace(UNLIMITED, rooms_per_source=1000))
    hosts = [rig.create(address(number)) for number in range(30)]
    for host in hosts[:20]:
        host.send(host.set_room(listed=True, metadata=bytes(512)))
    eve = Applicant(address=EVE, max_datagram=576)
    cookie, codes, more = rig.cookie(eve), [""], True
    while more:
        outcome = rig.send(eve.list_rooms(cookie, codes[-1]), EVE)
        (page,) = outcome.answers
        assert isinstance(page, RoomList)
        assert [len(data) <= 576 for data, _ in outcome.sent] == [True]
        codes += [room.code for room in decode_listed(page.rooms)]
        more = page.more
        rig.now += 0.2
    assert codes[1:] == sorted(host.code for host in hosts[:20])


def test_attack_08_list_is_for_proven_addresses_at_a_limited_rate() -> None:
    """ADM-11, JOIN-2."""
    rig = Rig(UNLIMITED)
    host = rig.create(address(1))
    host.send(host.set_room(listed=True, metadata=bytes(512)))
    eve = Applicant(address=EVE)
    forged = rig.send(eve.list_rooms(bytes(20)), EVE)
    assert (forged.drop, forged.answers) == (
        DropReason.COOKIE_INVALID,
        [Error(code=ErrorCode.COOKIE_INVALID)],
    )
    cookie = rig.cookie(eve)
    answers = [rig.send(eve.list_rooms(cookie), EVE).answer for _ in range(30)]
    assert [isinstance(answer, RoomList) for answer in answers] == [True] * 20 + [False] * 10
    assert rig.send(eve.list_rooms(cookie), address(901)).drop is DropReason.COOKIE_INVALID


def test_attack_08_metadata_too_large_changes_nothing() -> None:
    """ADM-7: it is no SET_ROOM at all."""
    rig = Rig(UNLIMITED)
    host = rig.create(address(1))
    message = SetRoom(seq=host.next_seq, listed=True, metadata=bytes(512))
    body = bytearray(encode_body(message))
    place = body.index(b"\xc5\x02\x00")
    body[place : place + 3] = b"\xc5\x02\x01\x00"
    signed = encode_header(FirstByte.SEAL, host.grant.tag, host.grant.session) + bytes(body)
    mac = hmac.digest(host.keys.member_to_relay, signed, "sha256")[:16]

    assert host.send(signed + mac) == (DropReason.BAD_FIELD, [])
    assert len(rig.core._registry.public) == 0


def test_attack_08_list_of_a_relay_for_invited_people_is_for_them_too() -> None:
    """ADM-1, ADM-3: and only for those of the same application."""
    rig = Rig(UNLIMITED, gate=Gate("all", OperatorKeys(ticket_key=KEY), lambda: 0.0))
    applicant = Applicant(address=address(1))
    outcome = rig.send(applicant.create(rig.cookie(applicant), access=holding("tag")), address(1))
    host = RawMember.granted(rig, outcome, address(1))
    host.send(host.set_room(listed=True))
    eve = Applicant(address=EVE)
    cookie = rig.cookie(eve)
    asked = [eve.list_rooms(cookie, access=access) for access in (holding("tag"), holding("chess"))]
    pages = [rig.send(each, EVE).answer for each in asked]

    assert rig.send(eve.list_rooms(cookie), EVE).answers == [Error(code=ErrorCode.TICKET_REQUIRED)]
    found = [len(decode_listed(page.rooms)) for page in pages if isinstance(page, RoomList)]
    assert found == [1, 0]


def test_attack_08_list_does_not_grow_without_limit() -> None:
    """LIM-1: and it shrinks with the rooms."""
    rig = Rig(replace(UNLIMITED, rooms_per_source=1000))
    hosts = [rig.create(address(number)) for number in range(MAX_LISTED + 1)]
    codes = [
        message.code
        for host in hosts
        for message in host.heard(host.send(host.set_room(listed=True)).sent)
        if isinstance(message, Ack)
    ]
    assert codes == [0] * MAX_LISTED + [ErrorCode.QUOTA]
    for host in hosts:
        host.send(host.leave())
    assert len(rig.core._registry.public) == 0


def test_attack_32_forged_request_for_the_list_is_refused_before_the_rest_is_decoded() -> None:
    """ADM-11: by its cookie, and once the source is over LIST_RATE; then only by its form."""
    rig = Rig(replace(UNLIMITED, reply_rate=1e6))
    eve = Applicant(address=EVE)
    good = eve.list_rooms(rig.cookie(eve))[:-1] + b"\xc1"
    forged = eve.list_rooms(bytes(20))[:-1] + b"\xc1"

    assert rig.send(forged, EVE).drop is DropReason.COOKIE_INVALID
    drops = [rig.send(good, EVE).drop for _ in range(4 * LIST_RATE + 1)]

    assert set(drops[:-1]) == {DropReason.FORBIDDEN_TYPE}
    assert drops[-1] is DropReason.REFUSED
