"""Tests of what the status page is told."""

import json
from typing import Any

import pytest

from packhorse_relay.admin.history import Counts, History
from packhorse_relay.admin.status import (
    MAX_MEMBERS_LISTED,
    MAX_ROOMS_LISTED,
    Record,
    counts_of,
    gauges_of,
    masked,
    median_rtt,
    status_of,
)
from packhorse_relay.admin.traffic import Traffic
from packhorse_relay.core.rooms import label_of
from packhorse_relay.core.settings import Settings
from tests.support.relay_double import IDENTITY, CoreAsRelay
from tests.support.relay_harness import UNLIMITED, Rig, address


def status(rig: Rig, *, reveal: bool = False, since: int = 0) -> dict[str, Any]:
    relay = CoreAsRelay(rig)
    history, traffic = History(Counts(0, 0, 0.0, 0.0), now=rig.now), Traffic(now=rig.now)
    traffic.look(rig.core.rooms, now=rig.now + 1)
    counts = counts_of(relay, traffic.octets, 0.5)
    history.add(counts, gauges_of(relay, 0.01, 4096), now=rig.now + 1)
    record = Record(IDENTITY, history, traffic)
    return status_of(relay, record, since, reveal=reveal, now=rig.now)


def test_status_counts_rooms_members_and_datagrams() -> None:
    rig = Rig()
    host, client = rig.room(2)
    client.send(client.data(1))
    host.send(b"nonsense")

    told = status(rig)

    assert (told["rooms"], told["members"], told["forwarded"]) == (1, 2, 1)
    assert told["drops"] == {"unknown_prefix": 1}
    assert told["listening"] == ["192.0.2.1:6969", "[::]:6969"]
    assert told["version"] == "1.2.3"


def test_status_tells_what_each_room_sends() -> None:
    rig = Rig()
    host, *_ = rig.room(3)
    quiet = rig.create(address(9))
    fanout = host.data(0, bytes(94))
    host.send(fanout)

    told = status(rig)

    rates = {room["label"]: (room["datagrams"], room["octets"]) for room in told["room_list"]}
    assert rates == {label_of(host.code): (2.0, 200), label_of(quiet.code): (0.0, 0)}
    assert told["octets"] == 200
    assert told["samples"]["octets"] == [200]


def test_status_tells_of_connections() -> None:
    told = status(Rig())

    assert (told["websocket"], told["connections"]) == ("ws", 3)
    assert told["connection_ends"] == {"stalled": 2}
    assert told["samples"]["connections"] == [3]


def test_status_hides_codes_and_addresses_unless_asked() -> None:
    """Attack 28: who reads the page learns how to join, and where members live."""
    rig = Rig()
    host, _ = rig.room(2)

    text = json.dumps(status(rig))
    (room,) = status(rig)["room_list"]

    assert host.code not in text
    assert host.code[4:] not in text
    assert host.address.host not in text
    assert room["label"] == label_of(host.code)
    assert room["members"][0]["address"] == "198.18.x.x"


def test_status_shows_codes_and_addresses_when_asked() -> None:
    rig = Rig()
    host, _ = rig.room(2)

    (room,) = status(rig, reveal=True)["room_list"]

    assert room["code"].replace("-", "") == host.code
    assert room["members"][0]["address"] == str(host.address)


def test_status_never_holds_a_key() -> None:
    """Attack 28."""
    rig = Rig()
    members = rig.room(3)

    text = json.dumps(status(rig, reveal=True))

    for member in members:
        assert member.grant.key.hex() not in text
        assert str(member.grant.session) not in text


def test_status_tells_who_is_lost_and_when_it_was_heard() -> None:
    rig = Rig()
    host, _ = rig.room(2)
    rig.advance(10)
    host.send(host.ping())
    rig.advance(6)

    (room,) = status(rig)["room_list"]

    assert [each["state"] for each in room["members"]] == ["present", "lost"]
    assert [each["heard"] for each in room["members"]] == [6.0, 16.0]


def test_status_lists_the_largest_rooms_and_counts_the_others() -> None:
    rig = Rig(Settings(max_rooms=1000, reply_rate_total=1e6))
    for number in range(MAX_ROOMS_LISTED + 3):
        rig.create(address(number))
    largest = rig.core.rooms.__iter__().__next__()
    rig.join(largest.code, address(5000))

    told = status(rig)

    assert len(told["room_list"]) == MAX_ROOMS_LISTED
    assert told["room_list"][0]["count"] == 2
    assert told["rooms_left_off"] == 3


def test_status_lists_only_some_members_of_a_large_room() -> None:
    rig = Rig(Settings(max_peers=100, reply_rate_total=1e6))
    rig.room(MAX_MEMBERS_LISTED + 2)

    (room,) = status(rig)["room_list"]

    assert room["count"] == MAX_MEMBERS_LISTED + 2
    assert len(room["members"]) == MAX_MEMBERS_LISTED


def test_samples_come_as_columns_from_the_number_that_the_reader_has() -> None:
    rig = Rig()

    assert status(rig)["samples"]["cpu"] == [0.5]
    assert status(rig)["samples"]["rtt"] == [None]
    assert status(rig, since=1)["samples"]["cpu"] == []
    assert status(rig)["last"] == 1


def test_rtt_is_the_median_of_those_that_were_measured() -> None:
    rig = Rig(UNLIMITED)
    members = rig.room(4)
    for member, seconds in zip(members[:3], (0.01, 0.02, 0.03), strict=True):
        session = rig.core._registry.sessions[member.grant.session]
        session.rtt = seconds

    assert median_rtt(CoreAsRelay(rig)) == 0.02


@pytest.mark.parametrize(
    ("host", "shown"),
    [("203.0.113.9", "203.0.x.x"), ("2001:db8::1", "2001:0db8:x"), ("::1", "0000:0000:x")],
)
def test_masked_address_keeps_its_network(host: str, shown: str) -> None:
    assert masked(host) == shown
