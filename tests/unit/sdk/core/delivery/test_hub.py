"""The delivery layer of one member: one state towards each peer, one towards all."""

import pytest

from packhorse.core.delivery.delivered import Delivered
from packhorse.core.delivery.hub import Delivery, PeerStatistics
from packhorse.wire.constants import (
    MAX_RELIABLE_MESSAGE,
    MESSAGE_COST,
    REASSEMBLY_TOTAL,
    RECEIVE_WINDOW,
    DropReason,
    Mode,
)
from packhorse.wire.errors import ParseError
from packhorse.wire.frames import decode_frames

MAX_PAYLOAD = 1194
SEND_BUFFER = 256 * 1024
BOB, CAROL = 2, 3


def hub() -> Delivery:
    return Delivery(MAX_PAYLOAD)


def push(one: Delivery, data: bytes, peer: int = BOB, mode: Mode = Mode.RELIABLE) -> None:
    one.push(data, peer, mode, 0, now=0.0)


def receive(one: Delivery, text: str, peer: int = BOB, *, fanout: bool = False) -> list[Delivered]:
    return one.receive(bytes.fromhex(text), peer, is_fanout=fanout, now=0.0)


def begin(one: Delivery, peer: int, number: int) -> None:
    """Receive the first piece of a reliable message of 5 MiB, on a channel of its own."""
    parts, channel = 5 * 1024, number + 1
    head = f"02 {number:04x} 58 {channel:02x} 0000 0000 {parts:04x}"
    one.receive(bytes.fromhex(head) + bytes(1024), peer, is_fanout=False, now=0.0)


def test_hub_without_traffic_is_quiet() -> None:
    one = hub()

    assert one.next_timeout(now=0.0) is None
    assert one.payloads_to_send(now=0.0) == []
    assert one.is_idle
    assert one.statistics(BOB) == PeerStatistics(None, 0.0, 0.0, 0)


def test_peers_have_numbers_of_their_own() -> None:
    one = hub()
    push(one, b"to bob")
    push(one, b"to carol", CAROL)

    payloads = one.payloads_to_send(now=0.0)

    assert [peer for peer, _ in payloads] == [BOB, CAROL]
    assert [decode_frames(payload).number for _, payload in payloads] == [0, 0]


def test_frames_to_several_go_out_at_once() -> None:
    one = hub()
    one.push_fanout(b"all", 0, Mode.UNRELIABLE_ORDERED, 0)
    assert one.next_timeout(now=5.0) == 5.0

    ((to, payload),) = one.payloads_to_send(now=5.0)

    assert to == 0
    assert receive(hub(), payload.hex(), fanout=True)[0].data == b"all"
    assert one.next_timeout(now=5.0) is None


def test_copies_for_several_and_frames_for_one_have_different_numbers_and_lanes() -> None:
    one, text = hub(), "00 0000 20 0000 61"

    assert receive(one, text)
    assert receive(one, text, fanout=True)
    for is_fanout in (True, False):
        with pytest.raises(ParseError) as caught:
            receive(one, text, fanout=is_fanout)
        assert caught.value.reason is DropReason.DUPLICATE_NUMBER


def test_send_buffer_has_room_until_256_kib_wait() -> None:
    one = hub()
    assert one.may_push([BOB, CAROL])

    push(one, bytes(SEND_BUFFER - 1))
    assert one.may_push([BOB])
    push(one, b"x")

    assert not one.may_push([BOB])
    assert one.statistics(BOB).queued_bytes == SEND_BUFFER


def test_one_full_send_buffer_holds_back_what_goes_to_several() -> None:
    one = hub()

    push(one, bytes(SEND_BUFFER), CAROL)

    assert one.may_push([BOB])
    assert not one.may_push([BOB, CAROL])
    assert one.may_push([])


def test_send_buffer_has_room_again_when_something_was_sent() -> None:
    one = hub()
    push(one, bytes(SEND_BUFFER))

    one.payloads_to_send(now=0.0)

    assert one.may_push([BOB])


def test_send_buffer_does_not_count_unreliable_messages() -> None:
    one = hub()

    for _ in range(10):
        push(one, bytes(60_000), mode=Mode.UNRELIABLE)

    assert one.may_push([BOB])


@pytest.mark.parametrize(("max_payload", "largest"), [(1194, 1173 * 65535), (250, 229 * 65535)])
def test_largest_message_is_what_all_its_pieces_hold(max_payload: int, largest: int) -> None:
    assert Delivery(max_payload).largest_message == largest


def test_small_datagrams_cannot_carry_the_largest_message() -> None:
    assert Delivery(250).largest_message < MAX_RELIABLE_MESSAGE < hub().largest_message


def test_ping_is_answered_by_its_number() -> None:
    one, answers = hub(), list[tuple[int, float]]()
    one.on_pong = lambda ping, rtt: answers.append((ping, rtt))
    pings = [one.ping(peer, now=0.0) for peer in (BOB, CAROL)]
    one.payloads_to_send(now=0.0)

    one.receive(bytes.fromhex("01 0000 0000 00 00"), CAROL, is_fanout=False, now=0.25)

    assert len(set(pings)) == 2
    assert answers == [(pings[1], 0.25)]
    assert one.statistics(CAROL)[:2] == (0.25, 0.125)
    assert one.statistics(BOB).rtt is None


def test_consumed_messages_are_granted_anew() -> None:
    one = hub()
    receive(one, "00 0000 40 0000 61")

    one.consume(BOB, Mode.UNRELIABLE, RECEIVE_WINDOW)
    one.consume(CAROL, Mode.RELIABLE, RECEIVE_WINDOW)
    assert one.payloads_to_send(now=0.0) == []
    one.consume(BOB, Mode.RELIABLE_UNORDERED, RECEIVE_WINDOW - MESSAGE_COST)

    ((to, payload),) = one.payloads_to_send(now=0.0)
    assert to == BOB
    assert decode_frames(payload).credit == 2 * RECEIVE_WINDOW // 1024


def test_timer_of_each_peer_is_kept() -> None:
    one = hub()
    push(one, b"a")
    one.payloads_to_send(now=0.0)
    one.push(b"b", CAROL, Mode.RELIABLE, 0, now=0.25)
    one.payloads_to_send(now=0.25)

    assert one.next_timeout(now=0.3) == 0.5
    one.handle_timeout(now=0.5)

    assert [peer for peer, _ in one.payloads_to_send(now=0.5)] == [BOB]


def test_hub_is_idle_when_every_peer_has_everything() -> None:
    one = hub()
    push(one, b"a")
    push(one, b"b", CAROL)
    one.payloads_to_send(now=0.0)

    receive(one, "01 0000 0000 00 00")
    assert not one.is_idle
    receive(one, "01 0000 0000 00 00", CAROL)

    assert one.is_idle


def test_memory_of_all_peers_together_is_bounded() -> None:
    one, begun, reasons = hub(), 0, set()

    for peer in range(2, 8):
        for number in range(4):
            try:
                begin(one, peer, number)
            except ParseError as error:
                reasons.add(error.reason)
            else:
                begun += 1

    assert begun == REASSEMBLY_TOTAL // (5 << 20)
    assert reasons == {DropReason.REASSEMBLY_FULL}


def test_memory_of_a_peer_that_left_is_free_for_others() -> None:
    one = hub()
    for peer in (2, 3, 4):
        for number in range(4):
            begin(one, peer, number)
    receive(one, "00 0000 30 0000 0000 0002 61", fanout=True)

    one.forget(2)

    for number in range(4):
        begin(one, 5, number)
    for peer in (3, 4, 5, 6):
        one.forget(peer)
    assert one._budget.used == 0


def test_peer_that_left_is_owed_nothing() -> None:
    one = hub()
    push(one, b"a")

    one.forget(BOB)
    one.forget(CAROL)

    assert one.is_idle
    assert one.next_timeout(now=0.0) is None
    assert one.statistics(BOB).queued_bytes == 0
