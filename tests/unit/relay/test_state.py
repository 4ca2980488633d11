"""Tests of the state directory: made for its owner alone, and refused otherwise."""

import os
import stat
from pathlib import Path
from threading import Barrier, Thread

import pytest

from packhorse.wire.errors import ConfigurationError
from packhorse_relay.core.resume_tickets import SECRET_SIZE
from packhorse_relay.state import (
    load_admin_token,
    load_secret,
    make_admin_token,
    state_directory,
)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(
    ("configured", "environment", "expected"),
    [
        ("/a", {"STATE_DIRECTORY": "/b"}, "/a"),
        ("", {"STATE_DIRECTORY": "/b:/c", "XDG_STATE_HOME": "/d"}, "/b"),
        ("", {"XDG_STATE_HOME": "/d", "HOME": "/e"}, "/d/packhorse"),
        ("", {"HOME": "/e"}, "/e/.local/state/packhorse"),
    ],
)
def test_state_directory_is_the_configured_one_or_the_nearest(
    configured: str, environment: dict[str, str], expected: str
) -> None:
    assert state_directory(configured, environment) == Path(expected)


def test_secret_is_made_once_and_kept(tmp_path: Path) -> None:
    first = load_secret(tmp_path / "state")

    assert len(first) == SECRET_SIZE
    assert load_secret(tmp_path / "state") == first
    assert load_secret(tmp_path / "other") != first


def test_secret_and_its_folder_are_for_their_owner_alone(tmp_path: Path) -> None:
    """Attack 28: another user of the machine reads the relay's keys."""
    before = os.umask(0)
    try:
        load_secret(tmp_path / "state")
    finally:
        os.umask(before)

    assert mode(tmp_path / "state") == 0o700
    assert mode(tmp_path / "state" / "secret") == 0o600
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["secret"]


@pytest.mark.parametrize("readable", [0o640, 0o604, 0o660])
def test_secret_that_others_may_read_is_refused(tmp_path: Path, readable: int) -> None:
    load_secret(tmp_path)
    (tmp_path / "secret").chmod(readable)

    with pytest.raises(ConfigurationError, match="others may read") as caught:
        load_secret(tmp_path)

    assert caught.value.advice.startswith("chmod 600")


def test_folder_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o770)

    with pytest.raises(ConfigurationError, match="others may write"):
        load_secret(tmp_path)


def test_link_in_place_of_the_secret_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(bytes(SECRET_SIZE))
    target.chmod(0o600)
    (tmp_path / "secret").symlink_to(target)

    with pytest.raises(ConfigurationError, match="cannot use"):
        load_secret(tmp_path)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_secret_of_another_size_is_refused(tmp_path: Path, size: int) -> None:
    (tmp_path / "secret").write_bytes(bytes(size))
    (tmp_path / "secret").chmod(0o600)

    with pytest.raises(ConfigurationError, match=f"has {size} bytes"):
        load_secret(tmp_path)


def test_folder_that_cannot_be_made_is_refused_with_advice(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigurationError, match="cannot use") as caught:
        load_secret(tmp_path / "file")

    assert "--state-dir" in caught.value.advice


def test_processes_that_start_together_agree_on_the_secret(tmp_path: Path) -> None:
    barrier, found = Barrier(8), set()

    def load() -> None:
        barrier.wait()
        found.add(load_secret(tmp_path))

    threads = [Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 1


def test_admin_token_is_made_once_and_is_hard_to_guess(tmp_path: Path) -> None:
    token = load_admin_token(make_admin_token(tmp_path))

    assert len(token) == 32
    assert load_admin_token(make_admin_token(tmp_path)) == token
    assert mode(tmp_path / "admin-token") == 0o600


@pytest.mark.parametrize("content", ["", "short", "x" * 15, "with\x00control characters"])
def test_weak_admin_token_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "token"
    file.write_text(content)
    file.chmod(0o600)

    with pytest.raises(ConfigurationError, match="no token of at least 16"):
        load_admin_token(file)


def test_admin_token_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("x" * 32)
    file.chmod(0o644)

    with pytest.raises(ConfigurationError, match="others may read") as refused:
        load_admin_token(file)

    assert refused.value.advice == f"chmod o-rwx {file}"


@pytest.mark.parametrize("readable", [0o400, 0o440, 0o640])
def test_admin_token_is_taken_as_container_platforms_mount_it(
    tmp_path: Path, readable: int
) -> None:
    """Kubernetes gives the file to a group, behind links that it exchanges."""
    (tmp_path / "..data").mkdir()
    file = tmp_path / "..data" / "token"
    file.write_text("x" * 32)
    file.chmod(readable)
    (tmp_path / "token").symlink_to(Path("..data", "token"))

    assert load_admin_token(tmp_path / "token") == "x" * 32


def give_away(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a path belong to another user, or let us be one."""
    if os.geteuid() == 0:
        os.chown(path, 12345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)


@pytest.mark.parametrize("name", ["", "secret"])
def test_attack_28_what_another_user_owns_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Who owns the folder can put a secret there that they know, and forge every session."""
    load_secret(tmp_path)
    give_away(tmp_path / name, monkeypatch)

    with pytest.raises(ConfigurationError, match="belongs to another user"):
        load_secret(tmp_path)


@pytest.mark.timeout(5)
def test_attack_28_pipe_in_place_of_a_token_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "token", 0o600)

    with pytest.raises(ConfigurationError, match="is no file"):
        load_admin_token(tmp_path / "token")
