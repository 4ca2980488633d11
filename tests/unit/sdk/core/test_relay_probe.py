"""Probes of a relay: answered by it, and matched with their answers."""

from packhorse.core.relay_probe import RelayProbe
from packhorse.wire.constants import MIN_HELLO_SIZE, FirstByte, Kind
from packhorse.wire.ctrl import decode_ctrl
from packhorse.wire.fields import Sender
from packhorse.wire.header import decode_header, encode_header
from packhorse.wire.messages import Hello


class Bytes:
    """Random bytes that count up."""

    def __init__(self) -> None:
        self._next = 0

    def __call__(self, size: int) -> bytes:
        self._next += 1
        return self._next.to_bytes(size, "big")


def answer_to(request: bytes) -> bytes:
    return encode_header(FirstByte.CTRL, 0, decode_header(request).word) + b"anything"


def test_probe_is_a_hello_that_a_relay_answers() -> None:
    request = RelayProbe(Bytes()).next_request(now=0.0)

    assert decode_header(request).kind is Kind.CTRL
    assert isinstance(decode_ctrl(request, Sender.MEMBER), Hello)
    assert len(request) >= MIN_HELLO_SIZE


def test_answer_is_matched_with_its_probe_once() -> None:
    probe = RelayProbe(Bytes())
    first, second = probe.next_request(now=1.0), probe.next_request(now=2.0)

    assert probe.receive(answer_to(second), now=2.25) == (2, 0.25)
    assert probe.receive(answer_to(first), now=2.5) == (1, 1.5)
    assert probe.receive(answer_to(first), now=2.6) is None


def test_foreign_datagrams_answer_nothing() -> None:
    probe = RelayProbe(Bytes())
    request = probe.next_request(now=0.0)
    transaction = decode_header(request).word

    for datagram in (
        b"",
        b"\xff" * 20,
        encode_header(FirstByte.CTRL, 0, transaction + 1),
        encode_header(FirstByte.DATA, 0, transaction) + b"x",
    ):
        assert probe.receive(datagram, now=0.1) is None
    assert probe.receive(answer_to(request), now=0.1) == (1, 0.1)


def test_transaction_is_never_that_of_a_nudge() -> None:
    probe = RelayProbe(bytes)

    assert decode_header(probe.next_request(now=0.0)).word == 1


def test_oldest_probe_gives_way_when_many_are_open() -> None:
    probe = RelayProbe(Bytes())
    requests = [probe.next_request(now=0.0) for _ in range(65)]

    assert probe.receive(answer_to(requests[0]), now=1.0) is None
    assert probe.receive(answer_to(requests[1]), now=1.0) == (2, 1.0)
