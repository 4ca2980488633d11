"""Tests of what waits for a stream: control first, the oldest data gives way (WS-3)."""

from packhorse.core.send_queue import SendQueue
from packhorse.wire.constants import (
    WS_QUEUE_BYTES,
    WS_QUEUE_CONTROL,
    WS_QUEUE_DATAGRAMS,
    FirstByte,
)


def datagram(first_byte: FirstByte, number: int, size: int = 8) -> bytes:
    return bytes([first_byte]) + number.to_bytes(2, "big") + bytes(size - 3)


def queue_of(*datagrams: bytes) -> SendQueue:
    queue = SendQueue()
    for each in datagrams:
        queue.push(each)
    return queue


def drain(queue: SendQueue) -> list[bytes]:
    return list(iter(queue.pop, None))


def test_control_goes_before_data_and_each_in_its_order() -> None:
    data = [datagram(FirstByte.DATA, 1), datagram(FirstByte.FRAME, 2)]
    control = [datagram(FirstByte.SEAL, 3), datagram(FirstByte.CTRL, 4)]

    queue = queue_of(*data, *control)

    assert drain(queue) == control + data
    assert queue.dropped == 0


def test_as_much_as_fits_stays() -> None:
    data = [datagram(FirstByte.DATA, number) for number in range(WS_QUEUE_DATAGRAMS)]

    assert drain(queue_of(*data)) == data


def test_one_more_datagram_drops_the_oldest() -> None:
    data = [datagram(FirstByte.DATA, number) for number in range(WS_QUEUE_DATAGRAMS + 1)]
    queue = queue_of(*data)

    assert queue.dropped == 1
    assert drain(queue) == data[1:]


def test_bytes_are_bounded_too() -> None:
    size = WS_QUEUE_BYTES // 4
    data = [datagram(FirstByte.FRAME, number, size) for number in range(5)]
    queue = queue_of(*data)

    assert len(queue) == 4
    assert drain(queue) == data[1:]


def test_bytes_are_given_back_when_a_datagram_leaves() -> None:
    size = WS_QUEUE_BYTES // 2
    queue = queue_of(*(datagram(FirstByte.DATA, number, size) for number in range(2)))
    drain(queue)

    queue.push(datagram(FirstByte.DATA, 2, size))
    queue.push(datagram(FirstByte.DATA, 3, size))

    assert (len(queue), queue.dropped) == (2, 0)


def test_control_never_gives_way_but_is_noticed() -> None:
    control = [datagram(FirstByte.SEAL, number) for number in range(WS_QUEUE_CONTROL)]
    queue = queue_of(*control)
    was_overrun = queue.is_overrun

    queue.push(datagram(FirstByte.SEAL, WS_QUEUE_CONTROL))

    assert (was_overrun, queue.is_overrun) == (False, True)
    assert len(drain(queue)) == WS_QUEUE_CONTROL + 1


def test_legacy_datagrams_are_data() -> None:
    queue = queue_of(b"\x00\xaa\x00\x00\x00\x01x", datagram(FirstByte.SEAL, 1))

    assert drain(queue)[1][0] == 0
