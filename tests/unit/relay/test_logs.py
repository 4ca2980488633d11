"""Tests of log lines: one line each, whatever is in them."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from packhorse_relay.logs import MAX_TEXT, LogOutput, set_up_logs

logger = logging.getLogger("packhorse_relay.test")
HOSTILE = [
    "line\nbreak",
    "\x1b[2Jcleared",
    "\r\x00\x07\x9b",
    "per%cent %s %(x)s",
    "right\u202eleft",
    "line\u2028separator",
    "x" * 10_000,
]


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    yield io.StringIO()
    for name in ("packhorse", "packhorse_relay", "asyncio"):
        log = logging.getLogger(name)
        for handler in [each for each in log.handlers if isinstance(each, LogOutput)]:
            log.removeHandler(handler)
        log.propagate = True
        log.setLevel(logging.NOTSET)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("form", ["text", "json"])
def test_attack_25_log_injection_gives_one_printable_line(
    stream: io.StringIO, form: str, text: str
) -> None:
    """Attack 25: a text that somebody else chose ends lines, colours terminals, formats."""
    set_up_logs("info", form, stream)

    logger.warning("said %s", text, extra={"source": text})

    line, end = stream.getvalue()[:-1], stream.getvalue()[-1]
    assert end == "\n"
    assert line.isprintable()
    assert len(line) < 8 * MAX_TEXT


def test_json_line_can_be_read_back(stream: io.StringIO) -> None:
    set_up_logs("info", "json", stream)

    logger.info("room %s: peer %s", "3f2a", 7, extra={"source": "3f2a"})

    told = json.loads(stream.getvalue())
    assert told["message"] == "room 3f2a: peer 7"
    assert (told["level"], told["source"]) == ("info", "3f2a")
    assert told["logger"] == "packhorse_relay.test"
    assert isinstance(told["time"], float)


def test_traceback_stays_in_its_line(stream: io.StringIO) -> None:
    set_up_logs("info", "text", stream)

    try:
        int("a\nb")
    except ValueError:
        logger.exception("failed")

    assert stream.getvalue().count("\n") == 1
    assert r"base 10: 'a\nb'" in stream.getvalue()


@pytest.mark.parametrize(
    ("level", "expected"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)]
)
def test_level_says_what_is_logged(stream: io.StringIO, level: str, expected: int) -> None:
    set_up_logs(level, "text", stream)

    for each in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
        logger.log(each, "level %s" if each else "", each, extra={"source": each})

    assert len(stream.getvalue().splitlines()) == expected


def test_flood_of_errors_makes_few_lines_and_a_count(stream: io.StringIO) -> None:
    """Attack 25: ten thousand errors."""
    now = 0.0
    output = set_up_logs("info", "text", stream, clock=lambda: now)
    for _ in range(10_000):
        logger.error("bad thing from %s", "somewhere", extra={"source": "somewhere"})
    now = 11.0
    output.tell_held_back()

    first, second = stream.getvalue().splitlines()
    assert first.endswith("bad thing from somewhere")
    assert second.endswith("held back 9999 more like: bad thing from %s")


def test_setting_up_again_replaces_the_output(stream: io.StringIO) -> None:
    set_up_logs("info", "text", io.StringIO())
    set_up_logs("info", "text", stream)

    logger.info("once")

    assert len(stream.getvalue().splitlines()) == 1


def test_reader_that_has_gone_stops_nothing(
    stream: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logs("info", "text", stream)
    stream.close()

    logger.error("nobody reads this")

    assert capsys.readouterr().err == ""


def test_line_that_cannot_be_formatted_stops_nothing(
    stream: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logs("info", "text", stream)

    logger.error("%d", "no number")

    assert stream.getvalue() == ""
    assert "Logging error" in capsys.readouterr().err
