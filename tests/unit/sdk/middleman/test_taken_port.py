"""What is said of a port that cannot be had."""

import errno

import pytest

from packhorse.middleman.taken_port import port_error


@pytest.mark.parametrize(
    ("number", "words", "advice"),
    [
        (errno.EADDRINUSE, "Address already in use", "close the program that has it"),
        (errno.EACCES, "Permission denied", "ports below 1024 are for the system"),
    ],
)
def test_reason_has_the_advice_that_fits(number: int, words: str, advice: str) -> None:
    told = port_error("tcp", "127.0.0.1", 80, OSError(number, "error while attempting to bind"))

    assert str(told) == f"TCP port 80 of 127.0.0.1 cannot be had: {words}"
    assert told.advice.startswith(advice)
    assert told.advice.endswith("name another one with --tcp; --tcp 0 takes a free port")


def test_reason_without_a_number_is_told_as_it_is() -> None:
    assert str(port_error("udp", "::1", 80, OSError("no"))).endswith("cannot be had: no")
