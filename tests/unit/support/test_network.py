"""Tests of the network that joins a relay and its members."""

import pytest

from packhorse.core.events import Joined, PeerId, PeerJoined
from packhorse.testing.link import CUT, PERFECT, Conditions
from tests.support.network import RELAY, Network


def test_run_until_stops_when_the_condition_holds() -> None:
    network = Network(Conditions(latency=0.1))
    member = network.create_room()

    assert network.run_until(lambda: bool(member.events_of(Joined)), within=9)
    assert network.clock.now == pytest.approx(1000.4)


def test_run_until_stops_at_the_deadline() -> None:
    network = Network(CUT)
    network.create_room()

    assert not network.run_until(lambda: False, within=3)
    assert network.clock.now == 1003


def test_run_without_anything_to_do_lets_time_pass() -> None:
    network = Network()

    network.run(50)

    assert network.clock.now == 1050


def test_same_seed_gives_the_same_story() -> None:
    stories = []
    for seed in (1, 1, 2):
        network = Network(Conditions(loss=0.3, latency=0.05, jitter=0.1), seed=seed)
        network.create_room()
        network.run(20)
        stories.append(network.sent)

    assert stories[0] == stories[1]
    assert stories[0] != stories[2]


def test_datagrams_for_an_address_that_nobody_has_are_lost() -> None:
    network = Network()
    member = network.create_room()
    network.run(0.5)
    old = member.address

    network.rebind(member)
    network.deliver_to_member(b"x", old)

    assert member.session.drops == {}
    assert member.address != old


def test_heal_makes_all_links_perfect() -> None:
    network = Network(CUT)
    member = network.create_room()

    network.heal()

    assert member.conditions is member.down.conditions is network.conditions is PERFECT


def test_members_have_addresses_of_their_own() -> None:
    network = Network()
    host = network.create_room()
    network.run(0.1)
    members = [network.join(host.session.code) for _ in range(3)]
    network.run(0.1)

    assert len({member.address for member in [host, *members, host]} | {RELAY}) == 5
    assert host.events_of(PeerJoined) == [PeerJoined(PeerId(peer)) for peer in (2, 3, 4)]


def test_clock_that_stands_still_for_ever_is_noticed() -> None:
    network = Network()

    def is_done() -> bool:
        network.clock.call_at(network.clock.now, network.heal)
        return False

    with pytest.raises(AssertionError, match="time stands still"):
        network.run_until(is_done, within=1)
