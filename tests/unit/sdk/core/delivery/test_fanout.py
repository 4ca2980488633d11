"""Unreliable frames to many at once."""

from random import Random

import pytest

from packhorse.core.delivery.delivered import Delivered
from packhorse.core.delivery.fanout import FanOutReceiver, FanOutSender
from packhorse.core.delivery.memory import MemoryBudget
from packhorse.wire.constants import FRAGMENT_SIZE, MESSAGE_COST, RECEIVE_WINDOW, DropReason, Mode
from packhorse.wire.errors import ParseError
from packhorse.wire.frames import decode_frames

MAX_PAYLOAD = 1194
EVERYBODY = 0
ALL_BUT_THREE = -3
ORDERED = Mode.UNRELIABLE_ORDERED


def receiver() -> FanOutReceiver:
    return FanOutReceiver(MemoryBudget(1 << 30))


def sent(*messages: tuple[bytes, int]) -> list[tuple[int, bytes]]:
    sender = FanOutSender(MAX_PAYLOAD)
    for data, to in messages:
        sender.push(data, to, ORDERED, 0)
    return sender.payloads_to_send()


def refusal(one: FanOutReceiver, payload: bytes) -> DropReason:
    with pytest.raises(ParseError) as caught:
        one.receive(payload, now=0.0)
    return caught.value.reason


def test_messages_to_one_destination_share_a_datagram() -> None:
    ((to, payload),) = sent((b"a", EVERYBODY), (b"b", EVERYBODY))

    assert to == EVERYBODY
    assert receiver().receive(payload, now=0.0) == [
        Delivered(b"a", ORDERED, 0),
        Delivered(b"b", ORDERED, 0),
    ]


def test_all_destinations_share_numbers_and_sequences() -> None:
    payloads = sent((b"a", EVERYBODY), (b"b", ALL_BUT_THREE), (b"c", 0))

    datagrams = [(to, decode_frames(payload)) for to, payload in payloads]

    assert [(to, datagram.number) for to, datagram in datagrams] == [(0, 0), (ALL_BUT_THREE, 1)]
    sequences = [[frame.sequence for frame in datagram.messages] for _, datagram in datagrams]
    assert sequences == [[0, 2], [1]]


def test_numbers_go_on_with_what_is_sent_later() -> None:
    sender = FanOutSender(MAX_PAYLOAD)
    numbers = []

    for _ in range(3):
        sender.push(b"a", EVERYBODY, ORDERED, 0)
        assert sender.has_work
        numbers += [decode_frames(payload).number for _, payload in sender.payloads_to_send()]

    assert numbers == [0, 1, 2]
    assert not sender.has_work
    assert sender.payloads_to_send() == []


def test_large_message_is_sent_in_pieces_that_nobody_acknowledges() -> None:
    data, one = bytes(range(250)) * 20, receiver()

    payloads = [payload for _, payload in sent((data, EVERYBODY))]
    delivered = [message for payload in payloads for message in one.receive(payload, now=0.0)]

    assert delivered == [Delivered(data, ORDERED, 0)]
    assert all(len(payload) <= MAX_PAYLOAD for payload in payloads)
    assert not any(decode_frames(payload).asks_ack for payload in payloads)


def test_receiver_that_was_left_out_takes_what_comes_after_the_gap() -> None:
    payloads = sent((b"not for me", ALL_BUT_THREE), (b"for all", EVERYBODY))

    delivered = receiver().receive(payloads[1][1], now=0.0)

    assert [message.data for message in delivered] == [b"for all"]


def test_copy_is_taken_once() -> None:
    one = receiver()
    ((_, payload),) = sent((b"a", EVERYBODY))
    one.receive(payload, now=0.0)

    assert refusal(one, payload) is DropReason.DUPLICATE_NUMBER


@pytest.mark.parametrize(
    "text",
    [
        "02 0000 00 61",  # asks
        "01 0000 0000 00 00 00 61",  # acknowledges
        "00 0000 81 00000000",  # grants
        "00 0000 40 0000 61",  # reliable
        "00 0000 60 0000 61",  # reliable, unordered
        "00 0000 82",  # malformed
    ],
)
def test_what_must_not_go_to_several_is_refused(text: str) -> None:
    one = receiver()

    assert refusal(one, bytes.fromhex(text)) is DropReason.BAD_FRAME
    assert one.receive(bytes.fromhex("00 0000 00 61"), now=0.0)  # its number is still free


def test_datagram_of_which_nothing_counts_is_refused() -> None:
    one = receiver()
    one.receive(bytes.fromhex("00 0000 20 0005 61"), now=0.0)

    assert refusal(one, bytes.fromhex("00 0001 20 0004 61")) is DropReason.LATE_MESSAGE
    assert refusal(one, bytes.fromhex("00 0001 20 0006 61")) is DropReason.DUPLICATE_NUMBER


def test_frame_that_is_late_does_not_harm_the_others() -> None:
    one = receiver()

    delivered = one.receive(bytes.fromhex("00 0000 24 0005 0001 61 24 0004 0001 62 00 63"), now=0.0)

    assert [message.data for message in delivered] == [b"a", b"c"]


def test_random_payloads_raise_only_parse_errors_and_take_bounded_memory() -> None:
    random, budget = Random(3), MemoryBudget(1 << 30)  # noqa: S311 - repeatable by design
    one = FanOutReceiver(budget)

    for number in range(20_000):
        frame = bytes([random.choice([0x18, 0x38])]) + random.randbytes(random.randrange(40))
        try:
            one.receive(b"\x00" + (number & 0xFFFF).to_bytes(2, "big") + frame, now=0.0)
        except ParseError:
            continue

    assert 0 < budget.used <= RECEIVE_WINDOW


def test_closing_gives_all_memory_back() -> None:
    budget = MemoryBudget(1 << 30)
    one = FanOutReceiver(budget)
    one.receive(sent((bytes(5000), EVERYBODY))[0][1], now=0.0)
    assert budget.used == 5 * FRAGMENT_SIZE + MESSAGE_COST

    one.close()

    assert budget.used == 0


@pytest.mark.parametrize("sent_before", [40_000, 65_535, 65_536])
def test_peer_that_joins_after_many_fan_outs_takes_the_next(sent_before: int) -> None:
    sender, one = FanOutSender(MAX_PAYLOAD), receiver()
    for _ in range(sent_before):
        sender.push(b"before", EVERYBODY, ORDERED, 0)
        sender.payloads_to_send()

    for data in (b"a", b"b"):
        sender.push(data, EVERYBODY, ORDERED, 0)
        ((_, payload),) = sender.payloads_to_send()
        assert one.receive(payload, now=0.0) == [Delivered(data, ORDERED, 0)]
