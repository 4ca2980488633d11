"""Tests of files that hold secrets."""

import os
from pathlib import Path

import pytest

from packhorse.aio.secret_files import read_key, read_text
from packhorse.wire.errors import ConfigurationError

on_posix = pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text("what nobody knows\n", "utf-8")
    return path


@on_posix
@pytest.mark.parametrize("mode", [0o604, 0o644, 0o602, 0o601])
def test_attack_28_key_that_every_user_of_the_machine_may_use_is_refused(
    file: Path, mode: int
) -> None:
    file.chmod(mode)

    with pytest.raises(ConfigurationError) as refused:
        read_key(str(file), "access key")

    assert str(refused.value) == f"others may read {file}"
    assert refused.value.advice == f"chmod o-rwx {file}"


@on_posix
@pytest.mark.parametrize("mode", [0o400, 0o440, 0o600, 0o640, 0o660])
def test_key_for_its_owner_and_group_is_taken(file: Path, mode: int) -> None:
    file.chmod(mode)

    assert read_key(str(file), "access key") == "what nobody knows\n"


@on_posix
def test_link_to_a_key_that_everybody_may_read_is_refused(file: Path, tmp_path: Path) -> None:
    file.chmod(0o644)
    link = tmp_path / "link"
    link.symlink_to(file)

    with pytest.raises(ConfigurationError, match="others may read"):
        read_key(str(link), "key")


def test_ticket_or_password_may_have_the_usual_rights(file: Path) -> None:
    file.chmod(0o644)

    assert read_text(str(file), "password") == "what nobody knows\n"


def test_file_that_is_not_there_is_told_with_advice(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"the access key file .* cannot be read: ") as key:
        read_key(str(tmp_path / "missing"), "access key")
    with pytest.raises(ConfigurationError, match=r"the ticket file .* cannot be read: ") as text:
        read_text(str(tmp_path / "missing"), "ticket")

    assert "packhorse ticket --new-key" in key.value.advice
    assert "check its name" in text.value.advice


def test_file_that_is_no_text_is_told(file: Path) -> None:
    file.write_bytes(b"\xff\xfe")
    file.chmod(0o600)

    with pytest.raises(ConfigurationError, match="it is no text"):
        read_key(str(file), "key")
