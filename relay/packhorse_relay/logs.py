"""How the relay's log looks: text or JSON lines, without control characters or floods."""

import json
import logging
import sys
import time
import traceback
from collections.abc import Callable
from typing import Final, TextIO

from packhorse_relay.log_limit import HeldBack, LogLimiter

MAX_TEXT: Final = 64  # characters of a text that somebody else may have chosen
_ROOTS: Final = ("packhorse", "packhorse_relay", "asyncio")


class LogOutput(logging.Handler):
    """Writes the lines that the limiter admits to a stream."""

    def __init__(
        self, stream: TextIO, formatter: logging.Formatter, clock: Callable[[], float]
    ) -> None:
        super().__init__()
        self._stream = stream
        self._clock = clock
        self._limiter = LogLimiter()
        self.setFormatter(formatter)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, or count it."""
        source = str(getattr(record, "source", ""))
        if self._limiter.admits(str(record.msg), source, now=self._clock()):
            self._write(record)

    def tell_held_back(self) -> None:
        """Log how many lines were held back, once their time is over."""
        for held_back in self._limiter.take_held_back(now=self._clock()):
            self._write(_summary(held_back))

    def _write(self, record: logging.LogRecord) -> None:
        try:
            self._stream.write(self.format(record) + "\n")
            self._stream.flush()
        except (OSError, ValueError):  # whoever read the log has gone: that must stop no game
            pass
        except Exception:  # noqa: BLE001 - a line that cannot be formatted must stop nothing
            self.handleError(record)


class TextFormatter(logging.Formatter):
    """One line for people."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        when = time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(record.created))
        return f"{when} {record.levelname} {_message(record)}{_escaped(_trace(record))}"


class JsonFormatter(logging.Formatter):
    """One JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        fields: dict[str, object] = {
            "time": round(record.created, 3),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        if source := getattr(record, "source", ""):
            fields["source"] = _clipped(str(source))
        if trace := _trace(record):
            fields["trace"] = trace.strip()
        return json.dumps(fields)


def set_up_logs(
    level: str,
    form: str,
    stream: TextIO | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> LogOutput:
    """Let our loggers and that of asyncio write; returns what they write through.

    Args:
        level: The least important one that is logged.
        form: `text` or `json`.
        stream: Where to; standard error without one.
        clock: Monotonic, in seconds.
    """
    formatter = JsonFormatter() if form == "json" else TextFormatter()
    output = LogOutput(stream or sys.stderr, formatter, clock)
    for name in _ROOTS:
        log = logging.getLogger(name)
        for old in [each for each in log.handlers if isinstance(each, LogOutput)]:
            log.removeHandler(old)
        log.addHandler(output)
        log.propagate = False
    set_log_level(level)
    return output


def set_log_level(level: str) -> None:
    """Set the least important level that is logged."""
    for name in _ROOTS:
        logging.getLogger(name).setLevel(level.upper())


def _message(record: logging.LogRecord) -> str:
    arguments = record.args if isinstance(record.args, tuple) else ()
    safe = tuple(_clipped(each) if isinstance(each, str) else each for each in arguments)
    text = str(record.msg)
    return _escaped(text % safe if safe else text)


def _clipped(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def _escaped(text: str) -> str:
    """Make everything visible that could begin a line or move a terminal's cursor."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _trace(record: logging.LogRecord) -> str:
    if not record.exc_info or record.exc_info[0] is None:
        return ""
    return "\n" + "".join(traceback.format_exception(*record.exc_info))


def _summary(held_back: HeldBack) -> logging.LogRecord:
    message = "held back %s more like: %s"
    arguments = (held_back.lines, held_back.kind)
    record = logging.LogRecord(__name__, logging.INFO, "", 0, message, arguments, None)
    record.source = held_back.source
    return record
