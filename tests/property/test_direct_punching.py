"""Two members behind routers of all kinds look for a direct path, in virtual time."""

from itertools import pairwise

import pytest

from packhorse.core.events import PeerPathChanged
from packhorse.testing.link import Conditions
from packhorse.wire.constants import Mode
from tests.support.nat_network import Filtering, Mapping, NatNetwork, attempts_of
from tests.support.network import Member, room_of

LATENCY = 0.02  # seconds from a member to the relay, and from router to router
RTT = 4 * LATENCY
"""Seconds from router to router and back."""
OFFERED = 2 * LATENCY
"""Seconds until both know each other's addresses."""

KINDS = {
    "full cone": (Mapping.INDEPENDENT, Filtering.INDEPENDENT),
    "address-restricted": (Mapping.INDEPENDENT, Filtering.ADDRESS),
    "port-restricted": (Mapping.INDEPENDENT, Filtering.ADDRESS_AND_PORT),
    "symmetric": (Mapping.DEPENDENT, Filtering.ADDRESS_AND_PORT),
    "blocked": (Mapping.INDEPENDENT, Filtering.EVERYTHING),
}


def world(
    one: str, other: str, *, loss: float = 0.0, seed: int = 0
) -> tuple[NatNetwork, Member, Member]:
    """Return two members of a room behind routers of these kinds."""
    network = NatNetwork(latency=2 * LATENCY, loss=loss, seed=seed)
    network.conditions = Conditions(latency=LATENCY)
    host, client = room_of(network, 2)
    network.put_behind(host, *KINDS[one])
    network.put_behind(client, *KINDS[other])
    return network, host, client


def is_direct(one: Member, other: Member) -> bool:
    """Tell whether `one` sends to `other` directly."""
    return one.session.direct_path(other.session.peer_id) is not None


def direct_after(network: NatNetwork, host: Member, client: Member) -> float | None:
    """Return seconds until both have a direct path; None when they do not get one."""
    started = network.clock.now
    network.seek(host)
    network.seek(client)
    both = network.run_until(
        lambda: is_direct(host, client) and is_direct(client, host), within=20.0
    )
    return network.clock.now - started if both else None


def expected(one: str, other: str) -> bool:
    """Tell whether plain punching can work (RFC 5128)."""
    pair = {one, other}
    if "blocked" in pair or pair == {"symmetric"}:
        return False
    return pair != {"symmetric", "port-restricted"}


@pytest.mark.parametrize("one", KINDS)
@pytest.mark.parametrize("other", KINDS)
def test_pair_of_routers_reaches_its_class(one: str, other: str) -> None:
    network, host, client = world(one, other)
    took = direct_after(network, host, client)
    if not expected(one, other):
        assert took is None
    else:
        assert took is not None
        assert took <= OFFERED + 3 * RTT + 0.15 + 1e-6


@pytest.mark.parametrize(
    "pair", [("full cone", "symmetric"), ("port-restricted", "port-restricted")]
)
def test_loss_delays_a_direct_path_but_does_not_prevent_it(pair: tuple[str, str]) -> None:
    took = []
    for seed in range(20):
        network, host, client = world(*pair, loss=0.05, seed=seed)
        took.append(direct_after(network, host, client))
    assert None not in took


def post_all(network: NatNetwork, sender: Member, start: int, mode: Mode, seconds: float) -> int:
    """Send a numbered message to peer 2 each 10 ms; return the next number."""
    number = start
    for _ in range(round(seconds * 100)):
        assert sender.try_post(number.to_bytes(4, "big"), 2, mode)
        network.tend(sender)
        number += 1
        network.run(0.01)
    return number


def numbers(member: Member) -> list[int]:
    """Return what has arrived, in order."""
    return [int.from_bytes(message.data, "big") for message in member.messages]


@pytest.mark.parametrize("mode", [Mode.RELIABLE, Mode.UNRELIABLE_ORDERED])
def test_no_message_is_lost_or_doubled_when_traffic_moves_to_a_direct_path(mode: Mode) -> None:
    network, host, client = world("port-restricted", "port-restricted")
    end = post_all(network, host, 0, mode, 1.0)
    network.seek(host)
    network.seek(client)
    end = post_all(network, host, end, mode, 2.0)
    assert is_direct(host, client)
    network.run(2.0)
    assert numbers(client) == list(range(end))
    assert any(data[:1] == b"\xa7" for _, data, _ in network.direct)


def test_plain_datagrams_are_not_doubled_and_few_overtake_each_other_when_paths_change() -> None:
    network, host, client = world("port-restricted", "port-restricted")
    end = post_all(network, host, 0, Mode.UNRELIABLE, 0.5)
    network.seek(host)
    network.seek(client)
    end = post_all(network, host, end, Mode.UNRELIABLE, 2.0)
    network.run(1.0)
    arrived = numbers(client)
    assert sorted(arrived) == list(range(end))
    assert sum(later < earlier for earlier, later in pairwise(arrived)) <= 5


@pytest.mark.parametrize("mode", [Mode.RELIABLE, Mode.UNRELIABLE])
def test_blocked_direct_path_costs_less_than_half_a_second(mode: Mode) -> None:
    """DIR-7."""
    network, host, client = world("port-restricted", "port-restricted")
    assert direct_after(network, host, client) is not None
    end = post_all(network, host, 0, mode, 1.0)
    network.is_cut = True
    cut_at = network.clock.now
    network.run(2 * LATENCY)  # what was on its way
    known = len(numbers(client))
    while len(numbers(client)) == known:
        end = post_all(network, host, end, mode, 0.01)
        assert network.clock.now < cut_at + 0.5 + 2 * LATENCY
    end = post_all(network, host, end, mode, 5.0)
    network.run(2.0)
    assert not is_direct(host, client)
    arrived = numbers(client)
    assert len(arrived) == len(set(arrived))
    if mode is Mode.RELIABLE:
        assert arrived == list(range(end))
    changes = [event for event in host.events if isinstance(event, PeerPathChanged)]
    assert [event.address is None for event in changes] == [False, True]


def test_path_comes_back_when_the_way_is_free_again() -> None:
    network, host, client = world("port-restricted", "port-restricted")
    assert direct_after(network, host, client) is not None
    network.is_cut = True
    post_all(network, host, 0, Mode.UNRELIABLE, 5.0)
    assert not is_direct(host, client)
    network.is_cut = False
    assert network.run_until(lambda: is_direct(host, client), within=70.0)


def test_idle_path_is_kept_alive_and_carries_the_first_message() -> None:
    network, host, client = world("port-restricted", "port-restricted")
    assert direct_after(network, host, client) is not None
    network.run(120.0)
    assert is_direct(host, client)
    checks = len(network.direct)
    assert host.try_post(b"late", 2, Mode.UNRELIABLE)
    network.tend(host)
    network.run(1.0)
    assert [message.data for message in client.messages] == [b"late"]
    assert len(network.direct) > checks


def test_member_that_does_not_seek_leaves_its_peer_on_the_relay() -> None:
    """DIR-2."""
    network, host, client = world("full cone", "full cone")
    network.seek(host)
    network.run(10.0)
    assert not is_direct(host, client)
    assert network.direct == []
    assert host.try_post(b"hello", 2, Mode.RELIABLE)
    network.run(1.0)
    assert [message.data for message in client.messages] == [b"hello"]


def test_router_that_forgets_its_mapping_costs_no_reliable_message() -> None:
    network, host, client = world("full cone", "port-restricted")
    assert direct_after(network, host, client) is not None
    end = post_all(network, host, 0, Mode.RELIABLE, 1.0)
    network.rebind(client)
    network.put_behind(client, *KINDS["port-restricted"])
    end = post_all(network, host, end, Mode.RELIABLE, 8.0)
    network.run(3.0)
    assert numbers(client) == list(range(end))
    assert is_direct(host, client)


def test_messages_go_directly_and_not_over_the_relay() -> None:
    """DIR-4."""
    network, host, client = world("full cone", "full cone")
    assert direct_after(network, host, client) is not None
    before = sum(sent.data[:1] in (b"\xa4", b"\xa7") for sent in network.sent)
    post_all(network, host, 0, Mode.UNRELIABLE, 1.0)
    assert sum(sent.data[:1] in (b"\xa4", b"\xa7") for sent in network.sent) == before
    assert len(client.messages) >= 95


@pytest.mark.parametrize("hard_is_host", [True, False])
@pytest.mark.parametrize("easy", ["port-restricted", "address-restricted", "full cone"])
def test_router_that_counts_its_ports_up_is_predicted(*, easy: str, hard_is_host: bool) -> None:
    """The pair that plain punching does not bring together, whoever leads."""
    kinds = ("symmetric", easy) if hard_is_host else (easy, "symmetric")
    network, host, client = world(*kinds)
    network.predict(host if hard_is_host else client)
    took = direct_after(network, host, client)
    assert took is not None
    assert took <= 1.0


def test_two_routers_that_count_their_ports_up_meet_in_the_first_attempt() -> None:
    """Both look at their ports when the first checks are out, neither before."""
    network, host, client = world("symmetric", "symmetric")
    network.predict(host)
    network.predict(client)
    took = direct_after(network, host, client)
    assert took is not None
    assert took <= 1.0


@pytest.mark.parametrize("meanwhile", [(1, 0), (0, 1), (1, 1), (4, 0), (0, 4), (2, 2)])
def test_mappings_that_others_open_meanwhile_do_not_spoil_a_prediction(
    meanwhile: tuple[int, int],
) -> None:
    """Up to four at both routers together."""
    network, host, client = world("symmetric", "symmetric")
    for member, count in zip((host, client), meanwhile, strict=True):
        network.predict(member, meanwhile=count)
    took = direct_after(network, host, client)
    assert took is not None
    assert took <= 1.0


def test_lost_checks_do_not_spoil_a_prediction() -> None:
    took = []
    for seed in range(20):
        network, host, client = world("symmetric", "symmetric", loss=0.1, seed=seed)
        network.predict(host)
        network.predict(client)
        took.append(direct_after(network, host, client))
    assert None not in took


def test_prediction_does_not_make_attempts_that_never_end() -> None:
    """DIR-6: new predictions are no reason for another row of attempts."""
    network, host, client = world("symmetric", "blocked")
    network.predict(host)
    assert direct_after(network, host, client) is None
    before = attempts_of(host)
    network.run(50.0)
    assert attempts_of(host) <= before + 1
