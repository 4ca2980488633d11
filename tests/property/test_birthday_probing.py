"""Birthday probing of members behind virtual routers, in virtual time (SPEC.md section 18.8)."""

from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest

from packhorse.core.direct.attachment import Part
from packhorse.core.direct.channel import DirectDatagram
from packhorse.wire.address import TransportAddress
from packhorse.wire.candidates import Candidate
from packhorse.wire.constants import (
    BIRTHDAY_PAUSE,
    BIRTHDAY_PROBES,
    BIRTHDAY_RATE,
    BIRTHDAY_SOCKETS,
    BirthdayPart,
    CandidateKind,
    Mode,
)
from tests.support.nat_network import Filtering, Mapping, NatNetwork
from tests.support.network import Member, room_of

VICTIM = TransportAddress("203.0.113.77", 5000)


def random_ports(seed: int) -> Iterator[int]:
    """Yield what a router gives out that draws its ports."""
    dice = Random(seed)  # noqa: S311 - repeatable by design
    while True:
        yield dice.randrange(1024, 65536)


def world(*, opener_hosts: bool, seed: int = 0) -> tuple[NatNetwork, Member, Member]:
    """Return a member behind a port-restricted router and one behind a random symmetric one."""
    network = NatNetwork(latency=0.02, seed=seed)
    members = room_of(network, 2)
    opener, prober = members if opener_hosts else reversed(members)
    network.put_behind(prober, Mapping.INDEPENDENT, Filtering.ADDRESS_AND_PORT)
    network.put_behind(
        opener, Mapping.DEPENDENT, Filtering.ADDRESS_AND_PORT, random_ports(seed + 1)
    )
    return network, prober, opener


def seek(
    network: NatNetwork,
    prober: Member,
    opener: Member,
    *,
    parts: tuple[Part, Part] = (BirthdayPart.PROBER, BirthdayPart.OPENER),
    named: tuple[Candidate, ...] = (),
) -> None:
    network.seek(prober, part=parts[0])
    network.seek(opener, named, part=parts[1])


def is_direct(one: Member, other: Member) -> bool:
    return one.session.direct_path(other.session.peer_id) is not None


def met_after(network: NatNetwork, prober: Member, opener: Member, within: float) -> float | None:
    """Return seconds until both have a direct path."""
    started = network.clock.now
    both = network.run_until(
        lambda: is_direct(prober, opener) and is_direct(opener, prober), within=within
    )
    return network.clock.now - started if both else None


def probes_of(network: NatNetwork, usual: set[TransportAddress]) -> list[DirectDatagram]:
    """Return the datagrams that went elsewhere than to the addresses that 18.4 checks."""
    return [datagram for datagram in network.posted if datagram.address not in usual]


@pytest.mark.parametrize("opener_hosts", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_random_ports_are_met_whoever_hosts(*, opener_hosts: bool, seed: int) -> None:
    network, prober, opener = world(opener_hosts=opener_hosts, seed=seed * 10)
    seek(network, prober, opener)
    took = met_after(network, prober, opener, 11.0)
    assert took is not None
    network.run(1.0)
    assert prober.try_post(b"there", opener.session.peer_id, Mode.RELIABLE)
    assert opener.try_post(b"back", prober.session.peer_id, Mode.RELIABLE)
    before = len(network.direct)
    network.run(1.0)
    assert [message.data for message in opener.messages] == [b"there"]
    assert [message.data for message in prober.messages] == [b"back"]
    assert len(network.direct) > before


@pytest.mark.parametrize(
    "parts",
    [
        (None, None),
        (BirthdayPart.PROBER, None),
        (None, BirthdayPart.OPENER),
        (BirthdayPart.PROBER, BirthdayPart.PROBER),
    ],
)
def test_nothing_is_probed_unless_both_were_told_to(parts: tuple[Part, Part]) -> None:
    """DIR-11."""
    network, prober, opener = world(opener_hosts=True)
    seek(network, prober, opener, parts=parts)
    assert met_after(network, prober, opener, 12.0) is None
    assert probes_of(network, {prober.address, opener.address}) == []


def test_run_stays_within_its_bounds_though_nothing_is_met() -> None:
    """DIR-11."""
    network, prober, opener = world(opener_hosts=True)
    network.is_cut = True
    seek(network, prober, opener)
    network.run(BIRTHDAY_PAUSE - 1)
    probes = probes_of(network, {prober.address, opener.address})
    opened = [each.address for each in probes if each.address.host == prober.address.host]
    probed = [each.address for each in probes if each.address.host == opener.address.host]
    assert {address.listener for address in opened} == set(range(1, BIRTHDAY_SOCKETS + 1))
    assert {address[:2] for address in opened} == {prober.address[:2]}
    assert len(opened) == BIRTHDAY_SOCKETS
    assert len(probed) == BIRTHDAY_PROBES
    assert min(address.port for address in probed) >= 1024
    assert all(len(each.data) < 80 for each in probes)


def test_sockets_are_not_needed_any_more_when_the_run_is_over() -> None:
    network, prober, opener = world(opener_hosts=False)
    seek(network, prober, opener)
    direct = opener.session.direct
    assert direct is not None
    assert network.run_until(lambda: len(direct.listeners) > 100, within=4.0)
    assert met_after(network, prober, opener, 11.0) is not None
    network.run(1.0)
    assert 1 <= len(direct.listeners) <= 4  # those that were met


def test_attack_peer_that_names_a_victim_has_nobody_probe_it() -> None:
    """DIR-11: the relay says where a peer is."""
    network, prober, opener = world(opener_hosts=True)
    network.is_cut = True
    seek(network, prober, opener, named=(Candidate(CandidateKind.REFLEXIVE, VICTIM),))
    network.run(20.0)
    hosts = Counter(each.address.host for each in network.posted)
    ports = {each.address.port for each in network.posted if each.address.host == VICTIM.host}
    assert ports == {VICTIM.port}  # checked by 18.4, in its bounds
    assert hosts[opener.address.host] >= BIRTHDAY_PROBES
    assert hosts[VICTIM.host] < 200


def test_attack_room_full_of_openers_gets_no_more_probes_than_one() -> None:
    """DIR-11: one peer at a time, and a pause after each run."""
    network = NatNetwork(latency=0.02)
    prober, *openers = room_of(network, 5)
    network.put_behind(prober, Mapping.INDEPENDENT, Filtering.ADDRESS_AND_PORT)
    for number, opener in enumerate(openers):
        network.put_behind(opener, Mapping.DEPENDENT, Filtering.EVERYTHING, random_ports(number))
        network.seek(opener, part=BirthdayPart.OPENER)
    network.is_cut = True
    network.seek(prober, part=BirthdayPart.PROBER)
    began = network.clock.now
    network.run(BIRTHDAY_PAUSE)
    usual = {member.address for member in (prober, *openers)}
    hosts = {opener.address.host for opener in openers}
    probed = [each for each in probes_of(network, usual) if each.address.host in hosts]
    assert len(probed) <= BIRTHDAY_PROBES
    assert len(probed) >= BIRTHDAY_RATE * 2  # they were probed at all
    assert len({each.address.host for each in probed}) == 1
    assert network.clock.now - began <= BIRTHDAY_PAUSE + 1
