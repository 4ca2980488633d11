"""Tests of what systemd is told."""

import os
import socket
from pathlib import Path

import pytest

from packhorse_relay.systemd import Notifier


def test_every_state_is_one_datagram_to_the_named_socket(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(5)
        notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")})

        notifier.ready("listening")
        notifier.reloading(now=1.5)
        notifier.alive()
        notifier.stopping()

        heard = [systemd.recv(1024).decode() for _ in range(4)]
    assert heard == [
        "READY=1\nSTATUS=listening",
        "RELOADING=1\nMONOTONIC_USEC=1500000",
        "WATCHDOG=1",
        "STOPPING=1",
    ]


def test_abstract_socket_is_named_by_an_at_sign() -> None:
    name = f"packhorse-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(f"\0{name}")
        systemd.settimeout(5)

        Notifier({"NOTIFY_SOCKET": f"@{name}"}).alive()

        assert systemd.recv(1024) == b"WATCHDOG=1"


def test_at_sign_within_a_path_is_a_character_like_others(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "relay@home"))
        systemd.settimeout(5)

        Notifier({"NOTIFY_SOCKET": str(tmp_path / "relay@home")}).alive()

        assert systemd.recv(1024) == b"WATCHDOG=1"


def test_without_systemd_or_with_one_that_has_gone_nothing_happens(tmp_path: Path) -> None:
    Notifier({}).ready("listening")
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).alive()


@pytest.mark.parametrize(
    ("environment", "interval"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
    ],
)
def test_signs_of_life_come_twice_as_often_as_asked_for(
    environment: dict[str, str], interval: float | None
) -> None:
    assert Notifier(environment).watchdog_interval == interval
