"""Everything that one peer and we owe each other."""

import pytest

from packhorse.core.delivery.memory import MemoryBudget
from packhorse.core.delivery.peer import PeerDelivery
from packhorse.wire.constants import (
    ACK_DELAY,
    INITIAL_WINDOW,
    MESSAGE_COST,
    PIECE_COST,
    RECEIVE_WINDOW,
    RESTART_WINDOW,
    DropReason,
    Mode,
)
from packhorse.wire.errors import ParseError
from packhorse.wire.frames import FrameDatagram, decode_frames
from tests.support.delivery_pair import MAX_PAYLOAD

MIB = 1 << 20
KIB = 1 << 10


def peer(budget: MemoryBudget | None = None) -> PeerDelivery:
    return PeerDelivery(MAX_PAYLOAD, budget or MemoryBudget(1 << 30), now=0.0)


def refusal(one: PeerDelivery, text: str, *, now: float = 0.0) -> DropReason:
    with pytest.raises(ParseError) as caught:
        one.receive(bytes.fromhex(text), now=now)
    return caught.value.reason


def sent(one: PeerDelivery, *, now: float = 0.0) -> list[FrameDatagram]:
    return [decode_frames(payload) for payload in one.payloads_to_send(now=now)]


def texts(datagrams: list[FrameDatagram]) -> list[list[bytes]]:
    return [[frame.payload for frame in datagram.messages] for datagram in datagrams]


def test_peer_without_traffic_is_quiet() -> None:
    one = peer()

    assert one.next_timeout(now=0.0) is None
    assert one.payloads_to_send(now=0.0) == []
    assert one.is_idle
    assert one.loss == 0.0


def test_messages_that_wait_share_a_datagram_with_unreliable_ones_first() -> None:
    one = peer()
    one.push(b"reliable", Mode.RELIABLE, 0)
    one.push(b"unreliable", Mode.UNRELIABLE, 1)
    assert one.queued_bytes == 8

    datagrams = sent(one)

    assert texts(datagrams) == [[b"unreliable", b"reliable"]]
    assert datagrams[0].asks_ack
    assert one.queued_bytes == 0


def test_unreliable_messages_do_not_ask_and_do_not_wait_for_the_window() -> None:
    one = peer()
    one.push(bytes(4 * INITIAL_WINDOW), Mode.RELIABLE, 0)
    for step in range(1000):
        one.payloads_to_send(now=step / 1000)
    one.push(b"now", Mode.UNRELIABLE, 1)

    assert one.next_timeout(now=1.0) is not None
    datagrams = sent(one, now=1.0)

    assert texts(datagrams) == [[b"now"]]
    assert not datagrams[0].asks_ack


def test_no_more_than_the_initial_window_leaves_before_an_answer() -> None:
    one = peer()
    one.push(bytes(MIB), Mode.RELIABLE, 0)

    total = sum(len(p) for ms in range(400) for p in one.payloads_to_send(now=ms / 1000))

    assert INITIAL_WINDOW <= total < INITIAL_WINDOW + MAX_PAYLOAD


def test_numbers_and_sequences_go_on_past_65535_many_times() -> None:
    one = peer()

    for number in range(0, 20 * 65536, 9973):
        short = f"{number & 0xFFFF:04x}"
        assert one.receive(bytes.fromhex(f"00 {short} 20 {short} 61"), now=0.0)
        assert refusal(one, f"00 {short} 20 {short} 61") is DropReason.DUPLICATE_NUMBER


def test_acknowledgement_goes_alone_after_the_delay_and_does_not_ask() -> None:
    one = peer()
    one.receive(bytes.fromhex("02 0000 40 0000 61"), now=1.0)
    assert one.next_timeout(now=1.0) == 1.0 + ACK_DELAY
    assert sent(one, now=1.0) == []

    (datagram,) = sent(one, now=1.0 + ACK_DELAY)

    assert datagram.ack is not None
    assert datagram.ack.largest == 0
    assert not datagram.asks_ack
    assert one.next_timeout(now=2.0) is None


def test_duplicate_is_refused_and_acknowledged_at_once() -> None:
    one = peer()
    one.receive(bytes.fromhex("02 0000 40 0000 61"), now=0.0)
    sent(one, now=ACK_DELAY)

    assert refusal(one, "02 0000 40 0000 61", now=1.0) is DropReason.DUPLICATE_NUMBER
    assert len(sent(one, now=1.0)) == 1
    assert refusal(one, "00 0000 40 0000 61", now=2.0) is DropReason.DUPLICATE_NUMBER
    assert sent(one, now=2.0) == []


def test_acknowledgement_of_a_number_never_sent_drops_the_whole_datagram() -> None:
    one = peer()
    one.push(b"a", Mode.RELIABLE, 0)
    sent(one)

    assert refusal(one, "03 0000 0001 00 00 40 0000 61") is DropReason.BAD_FRAME

    assert not one.is_idle
    assert one.receive(bytes.fromhex("03 0000 0000 00 00 40 0000 61"), now=0.1)
    assert one.is_idle


def test_acknowledgement_in_a_duplicate_counts() -> None:
    one = peer()
    one.receive(bytes.fromhex("00 0000"), now=0.0)
    one.push(b"a", Mode.RELIABLE, 0)
    sent(one)

    assert refusal(one, "01 0000 0000 00 00", now=0.1) is DropReason.DUPLICATE_NUMBER

    assert one.is_idle


def test_late_message_is_refused_and_its_datagram_acknowledged() -> None:
    one = peer()
    one.receive(bytes.fromhex("02 0000 40 0000 61"), now=0.0)
    sent(one, now=ACK_DELAY)

    assert refusal(one, "02 0001 40 0000 61", now=1.0) is DropReason.LATE_MESSAGE

    assert one.next_timeout(now=1.0) == 1.0 + ACK_DELAY


def test_datagram_that_found_no_memory_is_not_acknowledged_and_may_come_again() -> None:
    budget = MemoryBudget(1000)
    one = peer(budget)
    assert budget.acquire(1000)

    assert refusal(one, "02 0000 40 0001 6161") is DropReason.REASSEMBLY_FULL
    assert one.next_timeout(now=0.0) is None
    budget.release(1000)

    assert one.receive(bytes.fromhex("02 0000 40 0001 6161"), now=0.0) == []
    assert one.next_timeout(now=0.0) == ACK_DELAY


def test_what_found_memory_is_delivered_though_the_datagram_is_not_acknowledged() -> None:
    one = peer(MemoryBudget(0))

    delivered = one.receive(bytes.fromhex("02 0000 44 0001 0001 61 44 0000 0001 62 00 63"), now=0.0)

    assert [message.data for message in delivered] == [b"b", b"c"]
    assert one.next_timeout(now=0.0) is None


def test_lost_datagram_is_repeated_before_new_messages_under_a_new_number() -> None:
    one = peer()
    for name in (b"0", b"1", b"2", b"3"):
        one.push(name * 1000, Mode.RELIABLE, 0)
    assert len(sent(one) + sent(one, now=0.01)) == 4
    one.push(b"new" * 300, Mode.RELIABLE, 0)

    one.receive(bytes.fromhex("01 0000 0003 00 01 03"), now=0.1)
    datagrams = sent(one, now=0.1) + sent(one, now=0.2)

    assert [datagram.number for datagram in datagrams] == [4, 5]
    assert texts(datagrams) == [[b"0" * 1000], [b"new" * 300]]


def test_loss_is_found_by_an_acknowledgement_that_settles_nothing_new() -> None:
    one = peer()
    one.push(b"lost", Mode.RELIABLE, 0)
    sent(one)
    for _ in range(3):
        one.push(b"unreliable", Mode.UNRELIABLE, 1)
        sent(one)

    one.receive(bytes.fromhex("01 0000 0003 00 01 03"), now=0.1)

    assert texts(sent(one, now=0.1)) == [[b"lost"]]


def test_message_is_not_repeated_when_its_datagram_was_only_late() -> None:
    one = peer()
    for name in (b"0", b"1", b"2", b"3"):
        one.push(name * 1000, Mode.RELIABLE, 0)
    assert len(sent(one) + sent(one, now=0.01)) == 4
    one.receive(bytes.fromhex("01 0000 0003 00 01 03"), now=0.1)

    one.receive(bytes.fromhex("01 0001 0003 00 01 07"), now=0.1)

    assert one.is_idle
    assert sent(one, now=0.2) == []


def test_first_timeout_repeats_the_newest_and_the_second_everything() -> None:
    one = peer()
    one.push(b"0" * 1000, Mode.RELIABLE, 0)
    one.push(b"1" * 1000, Mode.RELIABLE, 0)
    sent(one)
    found = []

    for now in (0.5, 1.5):
        assert one.next_timeout(now=now) == now
        one.handle_timeout(now=now)
        found.append(texts(sent(one, now=now)))

    assert found == [[[b"1" * 1000]], [[b"0" * 1000], [b"1" * 1000]]]


def test_probe_takes_what_is_new_instead_of_repeating() -> None:
    one = peer()
    one.push(bytes(MIB), Mode.RELIABLE, 0)
    before = [datagram for ms in range(400) for datagram in sent(one, now=ms / 1000)]
    parts = {frame.part for datagram in before for frame in datagram.messages}

    deadline = one.next_timeout(now=0.4)
    assert deadline is not None
    one.handle_timeout(now=deadline)
    (probe,) = sent(one, now=deadline)

    assert probe.asks_ack
    assert not {frame.part for frame in probe.messages} & parts


def test_probe_is_a_ping_when_all_that_is_under_way_has_arrived_otherwise() -> None:
    one = peer()
    one.push(b"a", Mode.RELIABLE, 0)
    sent(one)
    one.handle_timeout(now=0.5)
    assert texts(sent(one, now=0.5)) == [[b"a"]]
    one.receive(bytes.fromhex("01 0000 0000 00 00"), now=0.6)

    deadline = one.next_timeout(now=0.6)
    assert deadline is not None
    one.handle_timeout(now=deadline)
    (probe,) = sent(one, now=deadline)

    assert probe.asks_ack
    assert probe.has_ping
    assert probe.messages == []


def test_after_a_timeout_no_more_than_the_restart_window_leaves() -> None:
    one = peer()
    one.push(bytes(MIB), Mode.RELIABLE, 0)
    for ms in range(400):
        one.payloads_to_send(now=ms / 1000)
    for now in (1.0, 2.5):
        one.handle_timeout(now=now)
        if now == 1.0:
            one.payloads_to_send(now=now)

    total = sum(len(p) for ms in range(900) for p in one.payloads_to_send(now=2.5 + ms / 1000))

    assert 0 < total < RESTART_WINDOW + MAX_PAYLOAD


def test_wrong_delay_makes_the_round_trip_neither_zero_nor_negative() -> None:
    one = peer()
    one.ping()
    sent(one)

    one.receive(bytes.fromhex("01 0000 0000 fe 00"), now=0.08)

    assert one.rtt.smoothed == pytest.approx(0.01)


def test_lost_ping_is_not_repeated() -> None:
    one = peer()
    one.ping()
    sent(one)

    assert one.next_timeout(now=0.0) is None


def test_acknowledgement_of_what_was_sent_long_ago_is_no_sample() -> None:
    one = peer()
    one.push(b"a", Mode.RELIABLE, 0)
    sent(one)
    for _ in range(3000):
        one.push(b"u", Mode.UNRELIABLE, 0)
        sent(one)

    one.receive(bytes.fromhex("01 0000 0001 00 01 01"), now=0.1)

    assert one.is_idle
    assert one.rtt.smoothed is None


def test_sender_without_credit_is_refused_but_not_its_unreliable_messages() -> None:
    one = peer()
    size = (1 << 10) - MESSAGE_COST
    for number in range(RECEIVE_WINDOW >> 10):
        head = f"02 {number & 0xFFFF:04x} 40 {number & 0xFFFF:04x}"
        one.receive(bytes.fromhex(head) + bytes(size), now=0.0)
    assert one.receive(bytes.fromhex("00 5000 00 61"), now=0.0)

    assert refusal(one, "02 5001 40 5000 61") is DropReason.REASSEMBLY_FULL
    delivered = one.receive(bytes.fromhex("02 5001 44 5000 0001 61 00 62"), now=0.0)
    assert [message.data for message in delivered] == [b"b"]
    one.consume(RECEIVE_WINDOW // 8)

    assert one.receive(bytes.fromhex("02 5001 40 5000 61"), now=0.0)


def test_credit_in_a_datagram_lets_the_next_message_begin() -> None:
    one = peer()
    one._credit.spend(RECEIVE_WINDOW)
    one.push(b"a", Mode.RELIABLE, 0)
    assert one.next_timeout(now=0.0) is None

    one.receive(bytes.fromhex("00 0000 81 00005001"), now=0.0)

    assert one.next_timeout(now=0.0) == 0.0
    assert texts(sent(one)) == [[b"a"]]


def test_little_that_is_consumed_is_not_told() -> None:
    one = peer()

    one.consume(1)

    assert one.next_timeout(now=0.0) is None


def test_datagram_that_was_overtaken_is_lost_in_time() -> None:
    one = peer()
    for data in (b"0" * 1000, b"1" * 1000):
        one.push(data, Mode.RELIABLE, 0)
    assert len(sent(one) + sent(one, now=0.01)) == 2
    one.receive(bytes.fromhex("01 0000 0001 00 00"), now=0.11)

    loss_at = one.next_timeout(now=0.11)
    assert loss_at == pytest.approx(0.1125)  # 9/8 of the RTT after it was sent
    one.handle_timeout(now=0.12)

    assert texts(sent(one, now=0.12)) == [[b"0" * 1000]]


def test_loss_is_the_part_of_the_peers_numbers_that_never_came() -> None:
    one = peer()

    for number in range(0, 2000, 2):
        one.receive(b"\x00" + number.to_bytes(2, "big"), now=0.0)

    assert one.loss == pytest.approx(0.5, abs=0.01)


def test_closing_gives_all_memory_back() -> None:
    budget = MemoryBudget(1 << 30)
    one = peer(budget)
    one.receive(bytes.fromhex("02 0000 54 0000 0000 0003 0001 61 40 0005 62"), now=0.0)
    one.receive(bytes.fromhex("02 0001 30 0000 0000 0003 61"), now=0.0)
    assert budget.used == (3 * PIECE_COST + 1 + MESSAGE_COST) + (3 * PIECE_COST + MESSAGE_COST)

    one.close()

    assert budget.used == 0
