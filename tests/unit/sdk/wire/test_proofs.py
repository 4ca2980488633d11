"""Tests of proofs; the vectors test their bytes."""

import hashlib

from packhorse.wire.constants import PASSWORD_ITERATIONS
from packhorse.wire.proofs import (
    access_proof,
    mask_password_key,
    password_key,
    password_proof,
)
from packhorse.wire.room_code import RoomCode


def test_proofs_depend_on_kind_key_and_cookie() -> None:
    """ADM-4: made for one cookie, and good for one thing."""
    proofs = {
        make(key, cookie)
        for make in (access_proof, password_proof)
        for key in (b"k", b"l")
        for cookie in (b"c", b"d")
    }

    assert len(proofs) == 8
    assert {len(proof) for proof in proofs} == {32}


def test_key_depends_on_password_and_room() -> None:
    keys = {
        password_key(password, RoomCode(code))
        for password in ("tag", "Tag")
        for code in ("K7QM2XPA", "00000000")
    }

    assert len(keys) == 4


def test_key_is_pbkdf2() -> None:
    salt = b"packhorse.v1 room K7QM2XPA"
    expected = hashlib.pbkdf2_hmac("sha256", b"tag", salt, PASSWORD_ITERATIONS)

    assert password_key("tag", RoomCode("K7QM2XPA")) == expected


def test_mask_uncovers_what_it_hid() -> None:
    key, session_key = bytes(range(32)), bytes(32)
    masked = mask_password_key(key, session_key, bytes(16))

    assert masked != key
    assert mask_password_key(masked, session_key, bytes(16)) == key
    assert mask_password_key(masked, session_key, bytes(range(16))) != key
