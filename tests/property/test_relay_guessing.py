"""Guessing room codes from very many sources: attack 7 of the list of attacks."""

from typing import Final
from unittest.mock import patch

from packhorse.wire import constants as c
from packhorse.wire.constants import DropReason
from tests.support.applicant import Applicant, nonce
from tests.support.relay_harness import RawMember, Rig, address

WRONG: Final = "00000000"


def storm(count: int) -> tuple[Rig, RawMember]:
    """Return a relay with a room, at which so many sources guess a code at once."""
    rig = Rig()
    host = rig.create(address(800))
    for number in range(count):
        rig.ask_to_join(Applicant(address=address(number), nonce=nonce(number)), WRONG)
    return rig, host


def test_attack_07_guesses_over_the_limit_in_all_are_not_looked_up() -> None:
    """JOIN-5: the right code gives the same nothing as a wrong one, and no failure is counted."""
    rig, host = storm(2 * c.JOIN_FAILURES_TOTAL)
    eve = Applicant(address=address(900))
    with patch.object(rig.core._registry, "room_for") as look_up:
        outcomes = [rig.ask_to_join(eve, code) for code in (host.code, WRONG)]

    assert outcomes == [(DropReason.RATE_LIMITED, [])] * 2
    assert look_up.call_count == 0


def test_attack_07_source_that_failed_lately_waits_while_too_many_fail() -> None:
    rig, host = storm(c.JOIN_FAILURES_TOTAL)
    guesser = Applicant(address=address(0), nonce=nonce(901))

    assert rig.ask_to_join(guesser, host.code) == (DropReason.RATE_LIMITED, [])


def test_attack_07_member_with_the_right_code_gets_in_while_too_many_fail() -> None:
    """Its source has not failed, so that it has a share in what is kept for such."""
    rig, host = storm(c.JOIN_FAILURES_TOTAL)

    assert rig.join(host.code, address(901)).peer == 2


def test_attack_07_sources_that_go_on_guessing_keep_no_member_out() -> None:
    """The 50 sources of the storm, ten JOINs a second, for a minute."""
    rig, host = storm(c.JOIN_FAILURES_TOTAL)
    granted = 0
    for number in range(600):
        eve = Applicant(address=address(number % 50), nonce=nonce(1000 + number))
        rig.ask_to_join(eve, WRONG)
        rig.advance(0.1)
        if number % 100 == 50:
            host.send(host.ping())
            granted += rig.join(host.code, address(901 + number)).peer > 1

    assert granted == 6
