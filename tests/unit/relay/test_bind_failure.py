"""What is said when the relay cannot listen; the rest runs in tests/e2e/test_relay_process.py."""

import errno
import os

import pytest

from packhorse_relay.bind_failure import bind_failure
from packhorse_relay.config import RelayConfig


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.EACCES, "ports below 1024 are for the system"),
        (errno.EADDRINUSE, "choose another one with --port or --admin"),
        (errno.EADDRNOTAVAIL, "--bind takes an IP address of this machine"),
    ],
)
def test_advice_fits_the_reason(number: int, advice: str) -> None:
    config = RelayConfig(port=443, bind=("127.0.0.1",), admin="80")

    error, told = bind_failure(config, OSError(number, "error while attempting")).splitlines()

    assert error == (
        "error: the relay cannot listen on 127.0.0.1, port 443, or for --admin on 80: "
        + os.strerror(number)
    )
    assert advice in told
