"""Tests of requests that are repeated until the relay acknowledges them."""

from packhorse.core.events import PeerId
from packhorse.core.requests import Requests
from packhorse.wire.messages import MemberSeal, Ping
from tests.support.membership_side import MembershipSide


def opened(*seqs: int, now: float = 0.0) -> Requests:
    requests = Requests()
    for seq in seqs:
        requests.open(seq, b"request %d" % seq, now=now)
    return requests


def pings(messages: list[MemberSeal]) -> list[Ping]:
    return [message for message in messages if isinstance(message, Ping)]


def test_request_is_sent_at_the_times_of_the_specification() -> None:
    requests = opened(7, now=10.0)
    times = []

    for step in range(24):
        now = 10.0 + step / 4
        times += [now - 10.0 for _ in requests.datagrams_to_send(now=now)]

    assert times == [0.0, 0.25, 0.75, 1.75, 3.75]


def test_every_send_has_the_same_bytes() -> None:
    """SEAL-2: a retransmitted request has the bytes of the first."""
    requests = opened(7)

    sent = [requests.datagrams_to_send(now=step / 4) for step in range(24)]

    assert {datagram for datagrams in sent for datagram in datagrams} == {b"request 7"}


def test_request_is_given_up_after_its_last_wait_and_not_before() -> None:
    requests = opened(7)
    for now in (0.0, 0.25, 0.75, 1.75, 3.75):
        requests.datagrams_to_send(now=now)

    assert requests.give_up(now=5.7499) == []
    assert requests.next_timeout() == 5.75
    assert requests.give_up(now=5.75) == [7]
    assert 7 not in requests


def test_request_that_was_given_up_is_not_sent_any_more() -> None:
    requests = opened(7)
    for now in (0.0, 0.25, 0.75, 1.75, 3.75):
        requests.datagrams_to_send(now=now)

    assert requests.datagrams_to_send(now=6.0) == []
    requests.give_up(now=6.0)
    assert requests.next_timeout() is None


def test_close_tells_whether_the_request_was_open() -> None:
    requests = opened(7)

    assert 7 in requests
    assert requests.close(7)
    assert not requests.close(7)
    assert requests.datagrams_to_send(now=0.0) == []


def test_requests_have_their_own_schedules() -> None:
    requests = opened(7)
    requests.datagrams_to_send(now=0.0)
    requests.open(8, b"request 8", now=0.1)

    assert requests.next_timeout() == 0.1
    assert requests.datagrams_to_send(now=0.1) == [b"request 8"]
    assert requests.next_timeout() == 0.25
    assert requests.datagrams_to_send(now=0.35) == [b"request 7", b"request 8"]


def test_requests_are_repeating_from_the_second_send_to_the_answer() -> None:
    requests = opened(7)

    requests.datagrams_to_send(now=0.0)
    after_first = requests.is_repeating
    requests.datagrams_to_send(now=0.25)

    assert (after_first, requests.is_repeating) == (False, True)
    assert requests.close(7)
    assert not requests.is_repeating


def test_repeated_request_brings_a_ping_that_can_prove_a_new_address() -> None:
    """PATH-1: the relay drops requests from an unproven address, and challenges PINGs."""
    side = MembershipSide()
    for number in range(6):  # past the early PINGs
        side.said(number * 1.1)
    side.membership.kick(PeerId(3), ban=False, now=7.5)

    first = pings(side.said(7.5))
    repeated = pings(side.said(7.75))

    assert (len(first), len(repeated)) == (0, 1)
