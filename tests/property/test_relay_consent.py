"""An address that was proven once has to prove itself again: attack 5 of the list of attacks."""

import pytest

from packhorse.wire.constants import DropReason, ErrorCode
from packhorse.wire.messages import Closed, PathChallenge, Pong
from tests.support.deliveries import deliveries
from tests.support.relay_harness import RawMember, Rig, Sent, address

VICTIM = address(901)


def ping_on(members: list[RawMember], seconds: int) -> list[Sent]:
    """Let time pass; every member says PING each 5 s, from the address that it joined from."""
    sent: list[Sent] = []
    for _ in range(seconds // 5):
        sent += members[0].rig.advance(5)
        for member in members:
            sent += member.send(member.ping()).sent
    return sent


def test_attack_05_forged_pings_keep_no_traffic_flowing_to_an_address_that_was_left() -> None:
    """PATH-4: Eve joined from there, left the network, and forges its address with her key."""
    rig = Rig()
    host = rig.create(address(1))
    eve = rig.join(host.code, VICTIM)
    eve.consents = False  # she cannot read what goes there
    sent = ping_on([host, eve], 90)

    closed = [message.code for message in eve.heard(sent) if isinstance(message, Closed)]
    assert closed[0] == ErrorCode.LEASE_EXPIRED
    assert deliveries(host.send(host.data(0)).sent) == []


def test_member_whose_address_receives_stays() -> None:
    """PATH-4: for an hour."""
    rig = Rig()
    host, client = rig.room(2)
    ping_on([host, client], 3600)

    assert rig.core.session_count == 2


def test_proof_is_asked_for_with_every_ping_until_it_comes() -> None:
    rig = Rig()
    host, client = rig.room(2)
    client.consents = False
    sent = ping_on([host, client], 30)

    asked = [message for message in client.heard(sent) if isinstance(message, PathChallenge)]
    assert len(asked) == 4  # after 15, 20, 25 and 30 s
    assert len({message.challenge for message in asked}) == 1
    response = client.path_response(asked[0].challenge)
    assert client.send(response).drop is None
    assert isinstance(client.heard(client.send(client.ping()).sent)[-1], Pong)


@pytest.mark.parametrize("challenge", [bytes(8), b"8 bytes!"])
def test_proof_that_was_not_asked_for_or_is_wrong_proves_nothing(challenge: bytes) -> None:
    rig = Rig()
    host, client = rig.room(2)
    client.consents = False
    early = client.send(client.path_response(challenge))
    ping_on([host, client], 20)
    wrong = client.send(client.path_response(challenge))
    ping_on([host, client], 50)

    assert (early.drop, wrong.drop) == (DropReason.UNEXPECTED_MESSAGE,) * 2
    assert rig.core.session_count == 1


def test_challenge_costs_less_than_the_ping_that_brings_it() -> None:
    """JOIN-2 in spirit: PATH_CHALLENGE is small, and PONG no larger for its sake."""
    rig = Rig()
    host, client = rig.room(2)
    client.consents = False
    ping_on([host], 20)
    usual = len(host.send(host.ping()).to(host.address)[0])
    pong, challenge = client.send(client.ping()).to(client.address)

    assert len(challenge) <= 46
    assert len(pong) <= usual


@pytest.mark.parametrize("silent", [False, True])
def test_attack_05_address_that_proves_nothing_is_left_at_the_time_of_removal(
    *, silent: bool
) -> None:
    """PATH-4: and not when the member would next be lost, whether it was lost before or not."""
    rig = Rig()
    host = rig.create(address(1))
    eve = rig.join(host.code, VICTIM)
    eve.consents = False
    sent = ping_on([host], 50) if silent else ping_on([host, eve], 50)
    sent += eve.send(eve.ping()).sent + rig.advance(9.9)
    assert not any(isinstance(message, Closed) for message in eve.heard(sent))

    sent = rig.advance(0.2)

    assert [type(message) for message in eve.heard(sent)] == [Closed]
