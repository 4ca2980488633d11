"""Lines from a terminal or a pipe."""

import asyncio
import os

from packhorse.cli.console_lines import LineCutter, read_lines


def test_lines_are_whole_however_they_come() -> None:
    cutter = LineCutter()

    assert cutter.feed(b"lo") == []
    assert cutter.feed(b"ck\r\nkick 2\nun") == ["lock", "kick 2"]
    assert cutter.feed(b"lock\n") == ["unlock"]


def test_what_is_no_text_is_still_a_line() -> None:
    assert LineCutter().feed(b"\xff\xfe\n") == ["\N{REPLACEMENT CHARACTER}" * 2]


def test_line_without_an_end_takes_no_memory_and_is_dropped() -> None:
    cutter = LineCutter()

    for _ in range(1000):
        assert cutter.feed(b"x" * 4096) == []
        assert len(cutter._rest) <= 1024

    assert cutter.feed(b"lock\nunlock\n") == ["unlock"]


def test_long_line_that_comes_at_once_is_dropped() -> None:
    assert LineCutter().feed(b"x" * 2000 + b"\nlock\n") == ["lock"]


async def test_pipe_is_read_to_its_end_and_waits_while_nobody_takes_the_lines() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"".join(b"%d\n" % number for number in range(100)))
    os.close(writing)

    async with read_lines(reading) as lines:
        await asyncio.sleep(0.05)
        assert lines.qsize() <= 16
        got = [await asyncio.wait_for(lines.get(), 5) for _ in range(101)]

    assert got == [*map(str, range(100)), None]
    os.close(reading)
