"""Runs of datagrams, and sending them together."""

import socket
import sys
from collections.abc import Iterator
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packhorse.aio.segmentation import SegmentingSender, equal_runs

LOOPBACK: Final = "127.0.0.1"


@given(st.lists(st.integers(1, 1400).map(bytes), max_size=200))
def test_runs_keep_every_datagram_in_order_and_fit_one_call(datagrams: list[bytes]) -> None:
    runs = list(equal_runs(datagrams))

    assert [datagram for run in runs for datagram in run] == datagrams
    for run in runs:
        assert {len(datagram) for datagram in run[:-1]} <= {len(run[0])}
        assert len(run[-1]) <= len(run[0])
        assert len(run) <= 64
        assert sum(map(len, run)) <= 65_507


def test_equal_datagrams_make_one_run_that_a_shorter_one_ends() -> None:
    sizes = [[len(d) for d in run] for run in equal_runs([bytes(9)] * 3 + [bytes(4)] + [bytes(9)])]

    assert sizes == [[9, 9, 9, 4], [9]]


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
    ):
        receiver.bind((LOOPBACK, 0))
        receiver.settimeout(5)
        yield sender, receiver


@pytest.mark.skipif(sys.platform != "linux", reason="segmentation offload is Linux's")
def test_a_run_sent_together_arrives_as_its_datagrams(
    sockets: tuple[socket.socket, socket.socket],
) -> None:
    sender, receiver = sockets
    run = [bytes([number]) * 1200 for number in range(20)] + [b"short"]

    assert SegmentingSender(sender).send(run, receiver.getsockname())

    assert [receiver.recv(2048) for _ in run] == run


@pytest.mark.skipif(sys.platform != "linux", reason="segmentation offload is Linux's")
def test_a_system_that_refuses_is_not_asked_again(
    sockets: tuple[socket.socket, socket.socket],
) -> None:
    sender, receiver = sockets
    segmenting = SegmentingSender(sender)
    too_large_for_any_device = [bytes(30_000)] * 3

    assert not segmenting.send(too_large_for_any_device, receiver.getsockname())
    assert not segmenting.send([b"abc"] * 3, receiver.getsockname())


def test_few_datagrams_are_left_to_be_sent_one_by_one(
    sockets: tuple[socket.socket, socket.socket],
) -> None:
    sender, receiver = sockets

    assert not SegmentingSender(sender).send([b"abc"] * 2, receiver.getsockname())
