"""Every error that Packhorse raises; catch `PackhorseError` to catch them all.

PackhorseError
├── ConfigurationError (also ValueError)      the caller's settings
├── ProtocolError
│   ├── LocalProtocolError                    the caller asked for an illegal step
│   ├── RemoteProtocolError                   the other side broke the specification
│   ├── ParseError                            bytes cannot be decoded
│   └── AuthenticationError                   a proof is absent or wrong
├── RelayRefusedError                         the relay answered with an error
│   ├── JoinDeniedError                       no such room, or it does not admit us
│   ├── RoomFullError
│   ├── QuotaReachedError
│   ├── RateLimitedError
│   ├── TicketError
│   └── VersionError
├── TransactionTimeoutError (also TimeoutError)   no answer in time
├── ConnectivityError                         the relay cannot be reached at all
├── PipeTimeoutError (also TimeoutError)      no message came on a pipe in time
├── PipeClosedError                           the pipe has ended: one of its ends closed it
│   └── PipeLostError                         its other end, or what carries it, is gone
├── TurnError                                 a TURN server refused a request
└── SessionClosedError
    ├── SessionClosedOK                       we left
    └── SessionClosedByError                  the relay, the host or the network ended it
"""

from typing import Final

from packhorse.wire.constants import ERROR_TEXTS, DropReason, ErrorCode


class PackhorseError(Exception):
    """Base of every error of this package.

    Attributes:
        stage: What was being done, in words; empty when it does not apply.
        advice: What the reader can do about it; empty when there is none.
    """

    stage: str = ""
    advice: str = ""


class ConfigurationError(PackhorseError, ValueError):
    """A setting of the caller is wrong."""

    def __init__(self, problem: str, advice: str = "") -> None:
        super().__init__(problem, advice)
        self.problem = problem
        self.advice = advice
        if advice:
            self.add_note(f"advice: {advice}")

    def __str__(self) -> str:
        return self.problem


class ProtocolError(PackhorseError):
    """Somebody broke the specification."""


class LocalProtocolError(ProtocolError):
    """The caller asked for a step that is illegal now."""


class RemoteProtocolError(ProtocolError):
    """The relay or a peer broke the specification."""


class ParseError(ProtocolError):
    """Bytes cannot be decoded.

    Attributes:
        reason: Name from the registry of drop reasons.
        offset: Byte at which decoding stopped.
    """

    def __init__(self, reason: DropReason, offset: int = 0) -> None:
        super().__init__(reason, offset)
        self.reason = reason
        self.offset = offset

    def __str__(self) -> str:
        return f"{self.reason.value} at byte {self.offset}"


class AuthenticationError(ProtocolError):
    """A proof is absent or wrong; one text for every cause."""

    def __str__(self) -> str:
        return "authentication failed"


class RelayRefusedError(PackhorseError):
    """The relay refused a request.

    Attributes:
        code: The relay's error code; a plain int when this program does not know it.
        retry_after: Seconds after which to try again, or None.
    """

    def __init__(self, code: int, stage: str = "", retry_after: float | None = None) -> None:
        super().__init__(code, stage, retry_after)
        self.code = known_code(code)
        self.stage = stage
        self.retry_after = retry_after
        self.advice = error_texts(code)[1]

    def __str__(self) -> str:
        wait = f" (again in {self.retry_after:.0f} s)" if self.retry_after else ""
        return f"{error_texts(self.code)[0]}{wait}"


class JoinDeniedError(RelayRefusedError):
    """There is no such room, or it does not admit us; the relay does not say which."""


class RoomFullError(RelayRefusedError):
    """The room has no place left."""


class QuotaReachedError(RelayRefusedError):
    """This address, or the relay as a whole, has no place for another room or session."""


class RateLimitedError(RelayRefusedError):
    """Too many requests from this address."""


class TicketError(RelayRefusedError):
    """The relay asks for a ticket or an access key, or does not take ours."""


class VersionError(RelayRefusedError):
    """The relay and this program speak no common version."""


class TransactionTimeoutError(PackhorseError, TimeoutError):
    """No answer came after the last retransmission.

    Attributes:
        sends: How often the request was sent; 0 when that is not known.
        elapsed: Seconds from the first send to giving up.
        attempts: What was tried, with what became of each; empty when that was one thing.
    """

    def __init__(
        self, stage: str, sends: int, elapsed: float, attempts: tuple[str, ...] = ()
    ) -> None:
        super().__init__(stage, sends, elapsed, attempts)
        self.attempts = attempts if len(attempts) > 1 else ()
        self.stage = stage
        self.sends = sends
        self.elapsed = elapsed
        self.advice = (
            "check the relay's address and that it is running, "
            f"and that no firewall blocks UDP{' and TCP' * bool(self.attempts)} on its port"
        )

    def __str__(self) -> str:
        times = f"{self.sends} sends in " if self.sends else ""
        tried = f": {'; '.join(self.attempts)}" if self.attempts else ""
        return f"no answer while {self.stage} ({times}{self.elapsed:.1f} s){tried}"


class ConnectivityError(PackhorseError):
    """The relay cannot be reached at all.

    Attributes:
        attempts: What was tried, with the reason why each failed.
    """

    def __init__(self, stage: str, attempts: tuple[str, ...], advice: str = "") -> None:
        super().__init__(stage, attempts, advice)
        self.stage = stage
        self.attempts = attempts
        self.advice = advice

    def __str__(self) -> str:
        return f"failed while {self.stage}: {'; '.join(self.attempts)}"


class PipeTimeoutError(PackhorseError, TimeoutError):
    """No message came on a pipe in time; the pipe goes on.

    Attributes:
        elapsed: Seconds waited.
    """

    def __init__(self, stage: str, elapsed: float) -> None:
        super().__init__(stage, elapsed)
        self.stage = stage
        self.elapsed = elapsed

    def __str__(self) -> str:
        return f"nothing came while {self.stage} ({self.elapsed:.1f} s)"


class PipeClosedError(PackhorseError):
    """A pipe has ended; without more detail, because one of its ends closed it.

    Attributes:
        cause: What ended it, in words.
    """

    def __init__(self, cause: str, advice: str = "") -> None:
        super().__init__(cause, advice)
        self.cause = cause
        self.advice = advice

    def __str__(self) -> str:
        return f"the pipe is closed: {self.cause}"


class PipeLostError(PipeClosedError):
    """The other end of a pipe, or what carries it, is gone."""


class TurnError(PackhorseError):
    """A TURN server refused a request.

    Attributes:
        code: Its error code (RFC 8656 section 19).
        reason: Its words, not to be trusted.
    """

    def __init__(self, code: int, reason: str, stage: str) -> None:
        super().__init__(code, reason, stage)
        self.code = code
        self.reason = reason
        self.stage = stage
        self.advice = _TURN_ADVICE.get(code, "")

    def __str__(self) -> str:
        return f"the TURN server refused {self.stage}: error {self.code} ({self.reason!r:.80})"


_TURN_ADVICE: Final = {
    300: "use the other server that the operator names",
    401: "check user name and password",
    403: "the server does not serve this peer's address; ask its operator",
    437: "the allocation is gone; a new one is made by itself",
    440: "the server has no relayed address of this family: choose the other one",
    441: "check user name and password: the allocation belongs to another user",
    442: "the server does not relay UDP",
    443: "allocate the family of the peer's address: family=4 or family=6",
    486: "this user has too many allocations: close some, or wait until they expire",
    508: "the server is full: try later, or another one",
}


class SessionClosedError(PackhorseError):
    """The session has ended."""


class SessionClosedOK(SessionClosedError):  # noqa: N818 - a normal end is not an "Error"
    """The session ended because this side left."""

    def __str__(self) -> str:
        return "the session was left"


class SessionClosedByError(SessionClosedError):
    """The session was ended by the relay, by the host or by the network.

    Attributes:
        code: Error code that says why.
    """

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = known_code(code)
        self.advice = error_texts(code)[1]

    def __str__(self) -> str:
        return error_texts(self.code)[0]


_REFUSALS: Final[dict[int, type[RelayRefusedError]]] = {
    ErrorCode.JOIN_DENIED: JoinDeniedError,
    ErrorCode.ROOM_FULL: RoomFullError,
    ErrorCode.QUOTA: QuotaReachedError,
    ErrorCode.RELAY_FULL: QuotaReachedError,
    ErrorCode.RATE_LIMITED: RateLimitedError,
    ErrorCode.UNSUPPORTED_VERSION: VersionError,
    ErrorCode.TICKET_REQUIRED: TicketError,
    ErrorCode.TICKET_INVALID: TicketError,
}


def refusal(code: int, stage: str, retry_after: float | None = None) -> RelayRefusedError:
    """Return the error of the class that fits a relay's error code."""
    kind = _REFUSALS.get(known_code(code), RelayRefusedError)
    return kind(code, stage, retry_after)


def known_code(code: int) -> int:
    """Return `code` as an `ErrorCode` where the registry has it."""
    try:
        return ErrorCode(code)
    except ValueError:
        return code


def error_texts(code: int) -> tuple[str, str]:
    """Return the sentence and the advice for an error code, known or not."""
    unknown = (f"the relay answered with error {code}", "update this program")
    return ERROR_TEXTS.get(known_code(code), unknown)
