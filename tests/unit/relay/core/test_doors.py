"""Tests of whether a room admits somebody."""

import pytest

from packhorse.wire.address import source_of
from packhorse.wire.constants import Topology
from packhorse.wire.messages import Join
from packhorse.wire.proofs import password_proof
from packhorse.wire.room_code import RoomCode
from packhorse_relay.core.doors import admits
from packhorse_relay.core.forwarding import Group
from packhorse_relay.core.rooms import Room
from tests.support.relay_harness import address

COOKIE = bytes(20)
KEY = bytes(range(32))
SOURCE = source_of(address(1))
RIGHT = password_proof(KEY, COOKIE)


def room(
    key: bytes | None = None, *, locked: bool = False, banned: bool = False, app: str | None = None
) -> Room:
    made = Room(
        code=RoomCode("K7QM2XPA"),
        topology=Topology.MESH,
        max_peers=4,
        most_peers=4,
        source=b"",
        group=Group(is_star=False),
        password_key=key,
        is_locked=locked,
        app=app,
    )
    if banned:
        made.ban(SOURCE)
    return made


def join(proof: bytes | None = None) -> Join:
    return Join(
        version_min=1,
        version_max=1,
        features=0,
        nonce=bytes(16),
        cookie=COOKIE,
        max_datagram=1200,
        code="K7QM2XPA",
        proof=proof,
    )


@pytest.mark.parametrize(
    ("key", "proof", "is_admitted"),
    [
        (None, None, True),
        (None, RIGHT, True),
        (KEY, RIGHT, True),
        (KEY, None, False),
        (KEY, bytes(32), False),
        (KEY, password_proof(KEY, b"\1" * 20), False),
        (bytes(32), None, False),
    ],
)
def test_password_has_to_be_proven(
    key: bytes | None,
    proof: bytes | None,
    is_admitted: bool,  # noqa: FBT001
) -> None:
    """ADM-5."""
    assert admits(room(key), join(proof), SOURCE, None) is is_admitted


def test_locked_room_admits_nobody() -> None:
    """ADM-5."""
    assert not admits(room(KEY, locked=True), join(RIGHT), SOURCE, None)


def test_banned_source_is_not_admitted() -> None:
    """ADM-5."""
    assert not admits(room(KEY, banned=True), join(RIGHT), SOURCE, None)


@pytest.mark.parametrize(
    ("own", "other", "is_admitted"),
    [("tag", "tag", True), ("tag", "go", False), ("tag", None, True), (None, "go", True)],
)
def test_rooms_of_different_applications_do_not_meet(
    own: str | None,
    other: str | None,
    is_admitted: bool,  # noqa: FBT001
) -> None:
    """ADM-3."""
    assert admits(room(app=own), join(), SOURCE, other) is is_admitted
