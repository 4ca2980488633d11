"""Whatever two middlemen do, bytes come once and in order, and every channel comes back."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from packhorse.core.streams.format import ResetReason
from packhorse.core.streams.stream import Stream
from packhorse.core.streams.window import MAX_WINDOW
from tests.support.stream_pair import StreamPair, read_all

MAX_STREAMS = 5
OPS = ("open", "send", "finish", "abort", "take", "hand_out", "deliver", "wait")
steps = st.lists(
    st.tuples(st.sampled_from(OPS), st.integers(0, 2 * MAX_STREAMS), st.integers(1, 200_000)),
    max_size=80,
)


@dataclass(slots=True)
class Program:
    """What the program at one end of a stream has done and seen."""

    stream: Stream
    sent: bytearray = field(default_factory=bytearray)
    seen: bytearray = field(default_factory=bytearray)
    was_aborted: bool = False

    def send(self, size: int) -> None:
        size = min(size, self.stream.allowance)
        if size:
            data = bytes([len(self.sent) % 251]) * size
            self.sent += data
            self.stream.send(data)

    def take(self, now: float) -> None:
        data = self.stream.take(now=now)
        self.seen += data or b""
        self.flush()

    def flush(self) -> None:
        if self.stream.is_finished and self.stream.is_input_ended:
            self.stream.flushed()

    def abort(self) -> None:
        self.was_aborted = self.was_aborted or not self.stream.is_ended
        self.stream.abort()


class World:
    """A pair and the programs at its ends, client and host by turns."""

    def __init__(self, capacity: int) -> None:
        self.pair = StreamPair()
        self.pair.capacity = capacity
        self.programs: list[tuple[Program, Program | None]] = []

    def act(self, op: str, which: int, size: int) -> None:
        pair = self.pair
        match op:
            case "open" if len(self.programs) < MAX_STREAMS:
                self.programs.append((Program(pair.open()), None))
            case "hand_out":
                pair.hand_out()
            case "deliver":
                channels = sorted({*pair.to_host, *pair.to_client})
                if channels:
                    pair.deliver_one(channels[which % len(channels)])
            case "wait":
                pair.now += size / 50_000
            case _:
                self.act_at_an_end(op, which, size)
        self.pair_up()

    def act_at_an_end(self, op: str, which: int, size: int) -> None:
        ends = [end for both in self.programs for end in both if end is not None]
        if not ends:
            return
        program = ends[which % len(ends)]
        match op:
            case "send":
                program.send(size)
            case "finish":
                program.stream.finish()
                program.flush()
            case "abort":
                program.abort()
            case _:
                program.take(self.pair.now)

    def pair_up(self) -> None:
        """Give a program to each stream that the host has accepted."""
        known = {host.stream for _, host in self.programs if host is not None}
        for stream in self.pair.accepted:
            if stream not in known:
                number = next(
                    i
                    for i, (client, host) in enumerate(self.programs)
                    if host is None and client.stream.channel == stream.channel
                )
                self.programs[number] = (self.programs[number][0], Program(stream))

    def run_out(self) -> None:
        """Let every program finish and read, until nothing is under way."""
        for _ in range(200):
            for both in self.programs:
                for program in both:
                    if program is not None:
                        program.stream.finish()
                        while self._take(program):
                            pass
                        program.flush()
            self.pair.settle()
            self.pair_up()

    def _take(self, program: Program) -> bool:
        before = len(program.seen)
        program.take(self.pair.now)
        return len(program.seen) > before


@given(steps=steps, capacity=st.integers(1, 8))
def test_bytes_come_once_in_order_and_channels_come_back(
    steps: list[tuple[str, int, int]], capacity: int
) -> None:
    world = World(capacity)

    for op, which, size in steps:
        world.act(op, which, size)
        for client, host in world.programs:
            if host is not None:
                assert client.sent.startswith(host.seen)
                assert host.sent.startswith(client.seen)
    world.run_out()

    for client, host in world.programs:
        if host is None:  # it was aborted before anybody heard of it
            assert client.was_aborted
        elif not client.was_aborted and not host.was_aborted:
            assert (client.seen, host.seen) == (host.sent, client.sent)
            assert client.stream.failure is host.stream.failure is None
        else:
            reasons = {client.stream.failure, host.stream.failure}
            assert reasons <= {None, ResetReason.RESET}
    assert (world.pair.client.count, world.pair.host.count) == (0, 0)


@given(
    sizes=st.lists(st.integers(1, 300_000), min_size=1, max_size=60),
    pause=st.floats(0.0, 3.0),
)
def test_memory_of_a_stream_that_is_not_read_is_bounded(sizes: list[int], pause: float) -> None:
    pair = StreamPair()
    client, host = pair.connect()
    waiting = 0

    for size in sizes:
        pair.now += pause
        part = min(size, client.allowance)
        if part:
            client.send(bytes(part))
            waiting += part
        elif waiting:
            waiting -= len(read_all(host, now=pair.now))
        pair.settle()

        assert waiting <= MAX_WINDOW
        assert host.failure is None
