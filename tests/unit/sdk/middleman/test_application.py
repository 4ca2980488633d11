"""Whom a client's middleman takes for its application."""

from typing import Final

import pytest

from packhorse.middleman.application import ApplicationAddress, is_loopback
from packhorse.middleman.notices import ApplicationFound, ApplicationsCollide

ONE: Final = ("127.0.0.1", 40000)
OTHER: Final = ("127.0.0.1", 40001)
THIRD: Final = ("127.0.0.1", 40002)
REMOTE: Final = ("192.0.2.7", 40000)


def test_first_source_is_the_application() -> None:
    application = ApplicationAddress("127.0.0.1")

    notice = application.follow(ONE, now=0.0)

    assert notice == ApplicationFound(ONE)
    assert application.current == ONE


def test_application_that_starts_again_is_followed_and_told() -> None:
    application = ApplicationAddress("127.0.0.1")
    application.follow(ONE, now=0.0)

    notice = application.follow(OTHER, now=60.0)

    assert notice == ApplicationFound(OTHER)
    assert application.current == OTHER


def test_application_that_changes_often_is_followed_but_not_always_told() -> None:
    application = ApplicationAddress("127.0.0.1")
    application.follow(ONE, now=0.0)

    notices = [application.follow(OTHER, now=4.9), application.follow(THIRD, now=5.0)]

    assert notices == [None, ApplicationFound(THIRD)]


def test_two_applications_that_take_turns_are_told_once() -> None:
    application = ApplicationAddress("127.0.0.1")
    application.follow(ONE, now=0.0)

    notices = [
        application.follow(source, now=0.1 * turn)
        for turn, source in enumerate([OTHER, ONE, OTHER, ONE])
    ]

    assert notices == [None, ApplicationsCollide((OTHER, ONE)), None, None]


def test_return_to_an_old_port_much_later_is_a_restart() -> None:
    application = ApplicationAddress("127.0.0.1")
    application.follow(ONE, now=0.0)
    application.follow(OTHER, now=10.0)

    assert application.follow(ONE, now=20.0) == ApplicationFound(ONE)


@pytest.mark.parametrize(
    ("bound_to", "source", "is_accepted"),
    [
        ("127.0.0.1", ONE, True),
        ("127.0.0.1", REMOTE, False),
        ("::1", ("::1", 40000), True),
        ("::1", ("2001:db8::7", 40000), False),
        ("::", REMOTE, True),
        ("192.0.2.1", REMOTE, True),
        ("::", ONE, True),
    ],
)
def test_other_machines_are_served_only_when_bound_to_be_reached(
    bound_to: str,
    source: tuple[str, int],
    is_accepted: bool,  # noqa: FBT001 - a parameter of the table above
) -> None:
    assert ApplicationAddress(bound_to).accepts(source) is is_accepted


def test_scope_of_an_address_is_no_hindrance() -> None:
    assert not is_loopback("fe80::1%eth0")
