"""An event loop that calls readers within its wait treats all else as any event loop does."""

import asyncio
import socket
import time
from collections.abc import Iterator
from threading import Timer

import pytest

from packhorse_relay.aio.reading_loop import ReadingLoop, new_event_loop

SOON = 0.05  # seconds
DEADLINE = 5.0


@pytest.fixture
def loop() -> Iterator[ReadingLoop]:
    loop = ReadingLoop()
    yield loop
    loop.close()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    left, right = socket.socketpair(type=socket.SOCK_DGRAM)
    with left, right:
        left.settimeout(0)
        right.settimeout(0)
        yield left, right


class Busy:
    """A reader for which there always is more to read."""

    def __init__(self, loop: ReadingLoop, pair: tuple[socket.socket, socket.socket]) -> None:
        self.calls = 0
        pair[0].send(b"never read")
        loop.add_reader(pair[1], self._read)

    def _read(self) -> None:
        self.calls += 1


def finish(loop: ReadingLoop, waiting: "asyncio.Future[str]") -> str:
    """Run until the result is there, or the deadline."""
    return loop.run_until_complete(asyncio.wait_for(waiting, DEADLINE))


def test_reader_is_called_with_its_arguments(
    loop: ReadingLoop, pair: tuple[socket.socket, socket.socket]
) -> None:
    done = loop.create_future()
    loop.add_reader(pair[1], lambda text: done.set_result(text + pair[1].recv(9).decode()), "got ")
    pair[0].send(b"it")

    assert finish(loop, done) == "got it"


def test_busy_reader_delays_no_timer(
    loop: ReadingLoop, pair: tuple[socket.socket, socket.socket]
) -> None:
    busy, done = Busy(loop, pair), loop.create_future()
    loop.call_later(SOON, lambda: done.set_result("in time"))
    before = loop.time()

    assert finish(loop, done) == "in time"
    assert busy.calls > 10
    assert loop.time() - before < 10 * SOON


def test_busy_reader_delays_no_other_socket(
    loop: ReadingLoop, pair: tuple[socket.socket, socket.socket]
) -> None:
    busy = Busy(loop, pair)
    one, other = socket.socketpair()
    with one, other:
        other.settimeout(0)
        one.send(b"hello")
        data = loop.run_until_complete(asyncio.wait_for(loop.sock_recv(other, 99), DEADLINE))

    assert data == b"hello"
    assert busy.calls > 0


def test_reader_may_set_a_timer_while_the_loop_waits_without_end(
    loop: ReadingLoop, pair: tuple[socket.socket, socket.socket]
) -> None:
    done = loop.create_future()

    def read() -> None:
        pair[1].recv(9)
        loop.call_later(SOON, lambda: done.set_result("fired"))

    loop.add_reader(pair[1], read)
    pair[0].send(b"x")

    assert finish(loop, done) == "fired"


def test_other_thread_wakes_the_loop_up(
    loop: ReadingLoop, pair: tuple[socket.socket, socket.socket]
) -> None:
    done = loop.create_future()
    thread = Timer(SOON, loop.call_soon_threadsafe, (done.set_result, "woken"))
    loop.add_reader(pair[1], print)
    thread.start()

    assert finish(loop, done) == "woken"


def test_failure_of_a_reader_is_reported_and_it_is_called_again(
    loop: ReadingLoop, pair: tuple[socket.socket, socket.socket]
) -> None:
    reports: list[object] = []
    done = loop.create_future()

    def fail() -> None:
        if len(reports) == 2:
            loop.remove_reader(pair[1])
            done.set_result("third")
        raise ValueError(len(reports))

    loop.set_exception_handler(lambda _loop, context: reports.append(context["exception"]))
    loop.add_reader(pair[1], fail)
    pair[0].send(b"never read")

    assert finish(loop, done) == "third"
    assert [str(report) for report in reports] == ["0", "1", "2"]


def test_reader_that_another_one_removes_is_not_called_any_more(loop: ReadingLoop) -> None:
    done, called = loop.create_future(), list[int]()
    pairs = [socket.socketpair(type=socket.SOCK_DGRAM) for _ in range(2)]

    def read(number: int) -> None:
        called.append(number)
        loop.remove_reader(pairs[1 - number][1])
        if len(called) == 3:
            loop.remove_reader(pairs[number][1])
            done.set_result("done")

    for number, (left, right) in enumerate(pairs):
        left.send(b"never read")
        loop.add_reader(right, read, number)

    assert finish(loop, done) == "done"
    assert called in ([0, 0, 0], [1, 1, 1])
    for sock in [*pairs[0], *pairs[1]]:
        sock.close()


def test_reader_replaces_the_one_before(
    loop: ReadingLoop, pair: tuple[socket.socket, socket.socket]
) -> None:
    first, second = loop.create_future(), loop.create_future()
    loop.add_reader(pair[1], lambda: first.set_result("called"))
    loop.add_reader(pair[1], lambda: second.set_result(pair[1].recv(9).decode()))
    pair[0].send(b"x")

    assert finish(loop, second) == "x"
    assert not first.done()
    assert (loop.remove_reader(pair[1]), loop.remove_reader(pair[1])) == (True, False)


def test_waiting_takes_no_processor_time(
    loop: ReadingLoop, pair: tuple[socket.socket, socket.socket]
) -> None:
    loop.add_reader(pair[1], lambda: pair[1].recv(9))
    pair[0].send(b"x")
    before = time.process_time()

    loop.run_until_complete(asyncio.sleep(6 * SOON))

    assert time.process_time() - before < SOON


def test_relay_on_linux_runs_on_it() -> None:
    loop = new_event_loop()

    assert isinstance(loop, ReadingLoop)
    loop.close()


def test_accepted_connection_leaves_nothing_to_wait_for(loop: ReadingLoop) -> None:
    """Else the next connection, which nobody accepts yet, would keep the loop busy."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)  # noqa: FBT003 - its one argument
        accepting = loop.create_task(loop.sock_accept(server))
        loop.run_until_complete(asyncio.sleep(0))
        with socket.create_connection(server.getsockname()):
            loop.run_until_complete(accepting)[0].close()

        assert not asyncio.SelectorEventLoop.remove_reader(loop, server)
