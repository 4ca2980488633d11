"""The errors, their texts and their attributes."""

import pickle

import pytest

from packhorse.wire import errors
from packhorse.wire.constants import ERROR_TEXTS, DropReason, ErrorCode

EXAMPLES = [
    errors.ConfigurationError("no such thing", "name another"),
    errors.LocalProtocolError("not now"),
    errors.RemoteProtocolError("nonsense"),
    errors.ParseError(DropReason.BAD_MAC, 11),
    errors.AuthenticationError(),
    errors.RateLimitedError(ErrorCode.RATE_LIMITED, "joining", 30.0),
    errors.TransactionTimeoutError("joining", 5, 5.75),
    errors.ConnectivityError("joining", ("a: refused", "b: no route"), "look around"),
    errors.SessionClosedOK(),
    errors.SessionClosedByError(ErrorCode.KICKED),
    errors.PipeTimeoutError("waiting for a message", 2.0),
    errors.PipeClosedError("the other end closed it"),
    errors.PipeLostError("the other end is silent", "look around"),
    errors.TurnError(401, "Unauthorized", "allocating"),
]


def example_name(error: errors.PackhorseError) -> str:
    """Return the test id of an example."""
    return type(error).__name__


@pytest.mark.parametrize("error", EXAMPLES, ids=example_name)
def test_every_error_is_a_packhorse_error_with_stage_and_advice(
    error: errors.PackhorseError,
) -> None:
    assert isinstance(error, errors.PackhorseError)
    assert isinstance(error.stage, str)
    assert isinstance(error.advice, str)


@pytest.mark.parametrize("error", EXAMPLES, ids=example_name)
def test_error_survives_pickling(error: errors.PackhorseError) -> None:
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes

    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (EXAMPLES[0], "no such thing"),
        (EXAMPLES[3], "bad_mac at byte 11"),
        (EXAMPLES[4], "authentication failed"),
        (EXAMPLES[5], "too many requests or too much data from this address (again in 30 s)"),
        (EXAMPLES[6], "no answer while joining (5 sends in 5.8 s)"),
        (EXAMPLES[7], "failed while joining: a: refused; b: no route"),
        (EXAMPLES[8], "the session was left"),
        (EXAMPLES[9], "the host removed you from the room"),
        (EXAMPLES[10], "nothing came while waiting for a message (2.0 s)"),
        (EXAMPLES[11], "the pipe is closed: the other end closed it"),
        (EXAMPLES[12], "the pipe is closed: the other end is silent"),
        (EXAMPLES[13], "the TURN server refused allocating: error 401 ('Unauthorized')"),
    ],
)
def test_error_says_what_happened(error: errors.PackhorseError, text: str) -> None:
    assert str(error) == text


def test_configuration_error_is_a_value_error_with_its_parts() -> None:
    error = errors.ConfigurationError("no such thing", "name another")

    assert isinstance(error, ValueError)
    assert (error.problem, error.advice) == ("no such thing", "name another")


def test_timeout_is_a_timeout_error_with_advice() -> None:
    error = errors.TransactionTimeoutError("joining", 5, 5.75)

    assert isinstance(error, TimeoutError)
    assert (error.sends, error.elapsed) == (5, 5.75)
    assert "firewall" in error.advice


def test_parse_error_is_a_protocol_error_at_byte_0_by_default() -> None:
    error = errors.ParseError(DropReason.TRUNCATED)

    assert isinstance(error, errors.ProtocolError)
    assert (error.reason, error.offset) == (DropReason.TRUNCATED, 0)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (ErrorCode.JOIN_DENIED, errors.JoinDeniedError),
        (ErrorCode.ROOM_FULL, errors.RoomFullError),
        (ErrorCode.QUOTA, errors.QuotaReachedError),
        (ErrorCode.RELAY_FULL, errors.QuotaReachedError),
        (ErrorCode.RATE_LIMITED, errors.RateLimitedError),
        (ErrorCode.UNSUPPORTED_VERSION, errors.VersionError),
        (ErrorCode.INTERNAL, errors.RelayRefusedError),
        (999, errors.RelayRefusedError),
    ],
)
def test_refusal_is_of_the_class_of_its_code(code: int, kind: type) -> None:
    error = errors.refusal(int(code), "joining", 2.5)

    assert type(error) is kind
    assert (error.code, error.stage, error.retry_after) == (code, "joining", 2.5)


@pytest.mark.parametrize("code", list(ErrorCode))
def test_refusal_takes_sentence_and_advice_from_the_registry(code: ErrorCode) -> None:
    error = errors.refusal(code, "joining")

    assert (str(error), error.advice) == ERROR_TEXTS[code]


def test_refusal_with_an_unknown_code_names_the_number() -> None:
    error = errors.refusal(999, "joining")

    assert str(error) == "the relay answered with error 999"
    assert error.advice == "update this program"


def test_known_code_is_a_member_of_the_registry() -> None:
    assert errors.known_code(402) is ErrorCode.KICKED


def test_unknown_code_stays_a_number() -> None:
    code = errors.known_code(999)

    assert type(code) is int


def test_session_closed_for_an_unknown_code_names_the_number() -> None:
    error = errors.SessionClosedByError(999)

    assert error.code == 999
    assert "999" in str(error)
