"""What one hostile member can make another remember: real bytes, not only counted ones."""

import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, count, islice
from random import Random

import pytest

from packhorse.core.delivery.memory import MemoryBudget
from packhorse.core.delivery.peer import PeerDelivery
from packhorse.wire.constants import (
    LANE_WINDOW,
    MAX_UNFINISHED,
    MESSAGE_COST,
    REASSEMBLY_TOTAL,
    RECEIVE_WINDOW,
    DropReason,
    Mode,
)
from packhorse.wire.errors import ParseError
from packhorse.wire.frames import MessageFrame, encode_message_head, with_length
from tests.support.delivery_pair import DeliveryPair, DeliverySide

MIB = 1 << 20
TINY = 5000  # pieces or messages; more are counted just as well


def early(mode: Mode, parts: int, part: int = 0, *, lanes: int = 1) -> Iterator[MessageFrame]:
    """Yield tiny messages of which none can be delivered in order."""
    for channel in range(lanes):
        for sequence in range(1, TINY if lanes == 1 else LANE_WINDOW):
            yield MessageFrame(mode, channel, sequence, part, parts, sequence.to_bytes(2))


def pieces(mode: Mode) -> Iterator[MessageFrame]:
    """Yield tiny pieces of a message whose last piece never comes."""
    for part in range(TINY):
        yield MessageFrame(mode, 0, 0, part, TINY + 1, part.to_bytes(2))


def unfinished(mode: Mode) -> Iterator[MessageFrame]:
    """Yield a tiny first piece of every message that an unreliable lane keeps."""
    for channel in range(256):
        for sequence in range(1, MAX_UNFINISHED + 1):
            yield MessageFrame(mode, channel, sequence, 0, 2, sequence.to_bytes(2))


def payloads(frames: Iterator[MessageFrame]) -> Iterator[bytes]:
    """Yield datagrams of 60 frames; some of them are larger than any on the wire."""
    for number in count():
        some = list(islice(frames, 60))
        if not some:
            return
        heads = (with_length(encode_message_head(f), len(f.payload)) + f.payload for f in some)
        yield b"\x02" + (number & 0xFFFF).to_bytes(2) + b"".join(heads)


FLOODS = {
    "early_messages": lambda: early(Mode.RELIABLE, 1),
    "early_unordered_messages": lambda: early(Mode.RELIABLE_UNORDERED, 1),
    "first_pieces": lambda: early(Mode.RELIABLE, 2),
    "last_pieces": lambda: early(Mode.RELIABLE_UNORDERED, 2, part=1),
    "pieces": lambda: pieces(Mode.RELIABLE),
    "unreliable_pieces": lambda: pieces(Mode.UNRELIABLE),
    "unfinished_unreliable_messages": lambda: unfinished(Mode.UNRELIABLE),
}


@pytest.mark.parametrize("name", FLOODS)
def test_flood_of_tiny_messages_takes_no_more_memory_than_is_counted(name: str) -> None:
    """DEL-17: what is counted bounds what is used."""
    budget = MemoryBudget(REASSEMBLY_TOTAL)
    victim = PeerDelivery(1194, budget, now=0.0)

    tracemalloc.start()
    for payload in payloads(FLOODS[name]()):
        victim.receive(payload, now=0.0)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert used <= budget.used + MIB // 10
    victim.close()
    assert budget.used == 0


@pytest.mark.parametrize("mode", [Mode.RELIABLE, Mode.RELIABLE_UNORDERED])
def test_flood_of_early_messages_ends_at_the_bound_of_its_sender(mode: Mode) -> None:
    """DEL-17: what the sender was granted, of which each message takes 512 bytes, is the end."""
    budget = MemoryBudget(REASSEMBLY_TOTAL)
    victim = PeerDelivery(1194, budget, now=0.0)
    reasons: set[DropReason] = set()

    for payload in payloads(early(mode, 1, lanes=3)):
        try:
            victim.receive(payload, now=0.0)
        except ParseError as error:
            reasons.add(DropReason(error.reason))

    assert reasons == {DropReason.REASSEMBLY_FULL}
    most = RECEIVE_WINDOW // (MESSAGE_COST + 2)
    assert most * MESSAGE_COST <= budget.used <= RECEIVE_WINDOW


def test_tiny_messages_that_wait_for_a_large_one_do_not_keep_it_out() -> None:
    """DEL-17: as many as the credit leaves beside it."""
    tiny = (RECEIVE_WINDOW - 15_000_000 - MESSAGE_COST) // (MESSAGE_COST + 2)
    budget = MemoryBudget(REASSEMBLY_TOTAL)
    one = PeerDelivery(1194, budget, now=0.0)
    large = (MessageFrame(Mode.RELIABLE, 200, 0, n, 15_000, bytes(1000)) for n in range(15_000))
    got = 0

    for payload in payloads(chain(islice(early(Mode.RELIABLE, 1, lanes=3), tiny), large)):
        with suppress(ParseError):
            got += sum(len(message.data) for message in one.receive(payload, now=0.0))

    assert got == 15_000 * 1000


@pytest.mark.parametrize("mode", [Mode.UNRELIABLE, Mode.RELIABLE, Mode.RELIABLE_UNORDERED])
def test_attack_10_datagrams_doubled_on_the_path_are_delivered_once(mode: Mode) -> None:
    """DEL-3: each third datagram comes again, before its time and later."""
    random, pair = Random(10), DeliveryPair()  # noqa: S311 - repeatable by design
    again: list[bytes] = []

    def doubled(sender: DeliverySide, payload: bytes) -> bool:
        if sender is pair.left and random.random() < 0.3:
            again.append(payload)
            for old in (random.choice(again), payload):
                pair.right.receive(old)
        return False

    pair.is_lost = doubled
    sent = [number.to_bytes(2, "big") for number in range(500)]
    for number in sent:
        pair.left.peer.push(number, mode, 1)
        pair.run(0.01)
    pair.run(2.0)

    reasons = {error.reason for error in pair.right.refused}
    assert sorted(pair.right.data()) == sent
    assert DropReason.DUPLICATE_NUMBER in reasons
    assert reasons <= {DropReason.DUPLICATE_NUMBER, DropReason.LATE_MESSAGE}
    assert len(pair.right.refused) >= 0.25 * len(sent)


@pytest.mark.parametrize("mode", [Mode.RELIABLE, Mode.RELIABLE_UNORDERED])
def test_attack_13_flood_of_empty_messages_to_a_member_that_does_not_read(mode: Mode) -> None:
    """DEL-14: they carry no payload, and end with the credit all the same."""
    victim = PeerDelivery(1194, MemoryBudget(REASSEMBLY_TOTAL), now=0.0)
    empty = (MessageFrame(mode, 0, number & 0xFFFF, 0, 1, b"") for number in range(60_000))
    delivered = 0
    for payload in payloads(empty):
        with suppress(ParseError):
            delivered += len(victim.receive(payload, now=0.0))

    assert delivered == RECEIVE_WINDOW // MESSAGE_COST


def test_random_payloads_raise_only_parse_errors_and_take_bounded_memory() -> None:
    random, budget = Random(4), MemoryBudget(1 << 30)  # noqa: S311 - repeatable by design
    one = PeerDelivery(1194, budget, now=0.0)
    one.push(bytes(MIB), Mode.RELIABLE, 0)
    refused = 0

    for number in range(30_000):
        frame = bytes([random.randrange(0, 0x84, 4)]) + random.randbytes(random.randrange(60))
        prefix = bytes([random.randrange(4)]) + (number & 0xFFFF).to_bytes(2, "big")
        try:
            one.receive(prefix + frame, now=number / 1000)
        except ParseError:
            refused += 1
        one.handle_timeout(now=number / 1000)
        one.payloads_to_send(now=number / 1000)

    assert 1000 < refused < 30_000
    assert budget.used <= 2 * RECEIVE_WINDOW
