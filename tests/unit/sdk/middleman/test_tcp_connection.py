"""A connection moves bytes no faster than either side takes them, and ends as it should."""

from packhorse.core.streams.format import INITIAL_WINDOW, ResetReason
from packhorse.core.streams.stream import Stream, StreamState
from packhorse.middleman.tcp_connection import READ_SIZE, Connection
from packhorse.middleman.traffic import TcpTraffic
from tests.support.fake_transport import FakeTransport
from tests.support.stream_pair import StreamPair, read_all


class Bench:
    """A connection at the client, and the host's end of its stream."""

    def __init__(self, *, has_place: bool = True) -> None:
        self.pair = StreamPair()
        self.attached: list[Stream] = []
        self.traffic = TcpTraffic()
        self.transport = FakeTransport()
        self.ours, self.theirs = self.pair.connect()
        self.connection = Connection(self, lambda: self.ours if has_place else None, self.traffic)
        self.transport.protocol = self.connection
        self.connection.connection_made(self.transport)

    def attach(self, stream: Stream, _connection: Connection) -> None:
        """Do what an owner does."""
        self.attached.append(stream)

    def detach(self, stream: Stream) -> None:
        """Do what an owner does."""
        self.attached.remove(stream)

    def settle(self, _peer: int) -> None:
        """Do what an owner does."""
        self.pair.settle()
        if self.ours in self.attached:
            self.connection.update()
        self.pair.settle()

    def read(self, data: bytes) -> None:
        """Let the event loop read from the socket."""
        buffer = self.connection.get_buffer(-1)
        buffer[: len(data)] = data
        self.connection.buffer_updated(len(data))


async def test_bytes_go_both_ways_and_are_counted() -> None:
    bench = Bench()

    bench.read(b"question")
    bench.theirs.send(b"answer")
    bench.settle(1)

    assert read_all(bench.theirs) == b"question"
    assert bench.transport.written == b"answer"
    assert (bench.traffic.bytes_to_room, bench.traffic.bytes_from_room) == (8, 6)


async def test_socket_is_not_read_beyond_the_window() -> None:
    bench = Bench()
    read = 0

    while bench.transport.is_reading_now:
        size = len(bench.connection.get_buffer(-1))
        assert size <= READ_SIZE
        bench.read(bytes(size))
        read += size

    assert read == INITIAL_WINDOW
    read_all(bench.theirs, now=60.0)
    bench.settle(1)
    assert bench.transport.is_reading_now


async def test_loop_that_reads_ahead_finds_a_buffer_all_the_same() -> None:
    bench = Bench()
    bench.pair.capacity = 0
    bench.read(b"waits")

    assert bench.ours.allowance == 0
    assert len(bench.connection.get_buffer(-1)) == READ_SIZE


async def test_full_socket_stops_the_writing_until_it_has_place() -> None:
    bench = Bench()
    bench.transport.fills_up = True
    for part in (b"one", b"two"):
        bench.theirs.send(part)
        bench.settle(1)
    assert bench.transport.written == b"one"

    bench.transport.fills_up = False
    bench.connection.resume_writing()

    assert bench.transport.written == b"onetwo"


async def test_end_of_the_other_side_ends_one_direction() -> None:
    bench = Bench()

    bench.theirs.send(b"last")
    bench.theirs.finish()
    bench.settle(1)

    assert bench.transport.written == b"last"
    assert bench.transport.has_ended
    assert not bench.transport.is_closed
    bench.read(b"goes on")
    assert read_all(bench.theirs) == b"goes on"


async def test_end_is_not_told_before_everything_was_written() -> None:
    bench = Bench()
    bench.transport.fills_up = True

    bench.theirs.send(b"last")
    bench.theirs.finish()
    bench.settle(1)
    had_ended = bench.transport.has_ended
    bench.connection.resume_writing()

    assert (had_ended, bench.transport.has_ended) == (False, True)


async def test_connection_closes_when_both_directions_have_ended() -> None:
    bench = Bench()

    assert bench.connection.eof_received()
    bench.theirs.finish()
    bench.settle(1)
    assert bench.transport.is_closed
    bench.connection.connection_lost(None)
    bench.theirs.flushed()
    bench.pair.settle()

    assert bench.ours.is_over
    assert bench.attached == []


async def test_broken_connection_resets_the_stream() -> None:
    bench = Bench()

    bench.connection.connection_lost(ConnectionResetError())
    bench.pair.settle()

    assert bench.theirs.failure is ResetReason.RESET


async def test_stream_that_fails_resets_the_connection() -> None:
    bench = Bench()

    bench.theirs.abort()
    bench.settle(1)
    bench.connection.connection_lost(None)

    assert bench.transport.was_aborted
    assert bench.ours.is_over


async def test_connection_that_we_break_off_does_not_count_as_flushed() -> None:
    bench = Bench()
    bench.connection.eof_received()
    bench.theirs.finish()
    bench.pair.settle()

    bench.connection.reset()
    bench.connection.connection_lost(None)
    bench.pair.settle()

    assert bench.theirs.failure is ResetReason.RESET


async def test_connection_without_a_place_is_reset() -> None:
    bench = Bench(has_place=False)

    assert bench.transport.was_aborted
    assert not bench.connection.eof_received()
    bench.connection.connection_lost(None)
    bench.connection.update()
    assert bench.attached == []


async def test_socket_that_breaks_while_its_end_is_told_breaks_nothing_else() -> None:
    bench = Bench()
    bench.transport.is_broken = True

    bench.theirs.finish()
    bench.settle(1)

    assert bench.ours.state is StreamState.THEY_FINISHED
    assert not bench.transport.has_ended


async def test_bytes_that_come_after_the_end_are_dropped() -> None:
    bench = Bench()
    bench.ours.abort()

    bench.read(b"late")

    assert bench.traffic.bytes_to_room == 0
