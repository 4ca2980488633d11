"""Tests of asking STUN servers."""

from random import Random

import pytest

from packhorse.core.stun_client import GIVE_UP, StunClient, StunResult
from packhorse.wire.address import TransportAddress
from packhorse.wire.errors import ParseError
from packhorse.wire.stun import decode_stun, encode_success

SERVER = TransportAddress("198.51.100.1", 6969)
OTHER = TransportAddress("198.51.100.1", 6970)
MAPPED = TransportAddress("203.0.113.9", 5000)


def client() -> StunClient:
    """Return a client whose transactions are repeatable."""
    return StunClient(Random(1).randbytes)  # noqa: S311 - repeatable by design


def transaction(data: bytes) -> bytes:
    """Return the transaction id of a request."""
    return decode_stun(data).transaction


def test_answer_tells_what_the_server_saw_and_how_long_it_took() -> None:
    stun = client()
    number = stun.ask(SERVER, now=0.0)
    ((data, target),) = stun.datagrams_to_send()
    stun.receive(encode_success(transaction(data), MAPPED, 6970), SERVER, now=0.05)
    assert target == SERVER
    assert stun.results() == [StunResult(number, MAPPED, 6970, SERVER, 0.05)]
    assert stun.next_timeout() is None


def test_silent_server_is_asked_four_times_and_given_up() -> None:
    stun = client()
    number = stun.ask(SERVER, now=0.0)
    times = [0.0]
    while (due := stun.next_timeout()) is not None:
        stun.handle_timeout(now=due)
        times.append(due)
    assert times == pytest.approx([0.0, 0.2, 0.6, 1.4, GIVE_UP])
    assert len({data for data, _ in stun.datagrams_to_send()}) == 1
    assert stun.results() == [StunResult(number, None, None, None, None)]


def test_repeated_request_has_no_round_trip_time() -> None:
    stun = client()
    stun.ask(SERVER, now=0.0)
    stun.handle_timeout(now=0.2)
    data = stun.datagrams_to_send()[0][0]
    stun.receive(encode_success(transaction(data), MAPPED), SERVER, now=0.3)
    assert stun.results()[0].rtt is None


@pytest.mark.parametrize("from_other_port", [False, True])
def test_answer_counts_only_from_the_port_that_was_to_send_it(*, from_other_port: bool) -> None:
    stun = client()
    stun.ask(SERVER, from_other_port=from_other_port, now=0.0)
    answer = encode_success(transaction(stun.datagrams_to_send()[0][0]), MAPPED)
    right, wrong = (OTHER, SERVER) if from_other_port else (SERVER, OTHER)
    stranger = right._replace(host="198.51.100.99")
    for source in (wrong, stranger):
        with pytest.raises(ParseError, match="unexpected_source"):
            stun.receive(answer, source, now=0.1)
    stun.receive(answer, right, now=0.1)
    assert stun.results()[0].source == right


def test_forged_answer_has_to_guess_the_transaction() -> None:
    stun = client()
    stun.ask(SERVER, now=0.0)
    with pytest.raises(ParseError, match="unknown_transaction"):
        stun.receive(encode_success(bytes(12), MAPPED), SERVER, now=0.1)


def test_own_request_sent_back_is_no_answer() -> None:
    stun = client()
    stun.ask(SERVER, now=0.0)
    with pytest.raises(ParseError, match="unknown_transaction"):
        stun.receive(stun.datagrams_to_send()[0][0], SERVER, now=0.1)


def test_too_many_open_requests_give_up_the_oldest() -> None:
    stun = client()
    numbers = [stun.ask(SERVER, now=0.0) for _ in range(17)]
    assert [result.number for result in stun.results()] == numbers[:1]
