"""Notices about services and TCP connections in words for people."""

from typing import Final

from packhorse.core.streams.format import ResetReason
from packhorse.core.streams.multiplexer import OPEN_TIMEOUT
from packhorse.middleman.endpoint import show_address
from packhorse.middleman.notices import (
    ConnectionFailed,
    HostSilent,
    ServiceMissing,
    TooManyConnections,
)

_BECAUSE: Final = {
    ResetReason.NO_SERVICE: "the host offers no server for it",
    ResetReason.REFUSED: "nothing listens there at the host: ask for the server to be started",
    ResetReason.UNREACHABLE: "the host's middleman cannot reach the server",
    ResetReason.BUSY: "the host has no place for another connection; close some and try again",
    ResetReason.PROTOCOL: "the two middlemen do not understand each other; update the older one",
    ResetReason.NO_ANSWER: f"the host did not answer within {OPEN_TIMEOUT:.0f} s; "
    "ask whether it runs `packhorse host` with --tcp",
}


def service_sentence(
    notice: ServiceMissing | HostSilent | ConnectionFailed | TooManyConnections,
) -> str:
    """Return what a person should read of a notice."""
    match notice:
        case ServiceMissing():
            return _missing(notice)
        case HostSilent():
            return (
                "the host does not tell which servers it offers: it has stopped, or runs another "
                "program than `packhorse host`"
            )
        case ConnectionFailed(address, reason):
            because = _BECAUSE.get(reason, "the other end broke it off")
            return f"a connection to {show_address(address)} was reset: {because}"
        case TooManyConnections(address, limit):
            return (
                f"a connection to {show_address(address)} was reset: a room carries {limit} "
                "from one client at a time; close some and try again"
            )


def _missing(notice: ServiceMissing) -> str:
    option = f"--{notice.protocol}"
    offers = f"{notice.offered or 'no'} {notice.protocol.upper()} server"
    plural = "" if notice.offered == 1 else "s"
    return (
        f"the host offers {offers}{plural}, so {option} number {notice.number} leads nowhere: "
        f"leave it out, or ask the host to run `packhorse host` with another {option}"
    )
