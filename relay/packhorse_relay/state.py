"""The state directory: the secret that outlives a restart, and the admin token."""

import os
import secrets
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from packhorse.aio.secret_files import HAS_MODES, refuse_public
from packhorse.wire.errors import ConfigurationError
from packhorse_relay.core.resume_tickets import SECRET_SIZE

_SECRET: Final = "secret"  # noqa: S105 - a file name
_TOKEN: Final = "admin-token"  # noqa: S105 - a file name
_MAX_TOKEN: Final = 512  # bytes of a file
_MIN_TOKEN: Final = 16  # characters
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_ADVICE: Final = "--state-dir takes a folder that the relay may write to, and nobody else"
# O_NONBLOCK: opening a pipe would wait for whoever writes to it.
_READ_FLAGS: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)
_NO_LINK: Final = getattr(os, "O_NOFOLLOW", 0)


def state_directory(configured: str, environment: Mapping[str, str]) -> Path:
    """Return the state directory: the configured one, that of systemd, or the user's."""
    if configured:
        return Path(configured)
    if of_systemd := environment.get("STATE_DIRECTORY", "").split(":")[0]:
        return Path(of_systemd)
    if of_user := environment.get("XDG_STATE_HOME", ""):
        return Path(of_user) / "packhorse"
    home = environment.get("HOME")
    return (Path(home) if home else Path.home()) / ".local" / "state" / "packhorse"


def load_secret(directory: Path) -> bytes:
    """Return the relay's secret of 32 bytes; the first call makes it.

    Raises:
        ConfigurationError: It cannot be kept there, or others may read it.
    """
    secret = _read(_made(directory, _SECRET, lambda: secrets.token_bytes(SECRET_SIZE)), is_own=True)
    if len(secret) != SECRET_SIZE:
        problem = f"{directory / _SECRET} has {len(secret)} bytes, must have {SECRET_SIZE}"
        raise ConfigurationError(problem, "delete it: the relay makes a new one")
    return secret


def make_admin_token(directory: Path) -> Path:
    """Return the file that holds the admin token; the first call makes it.

    Raises:
        ConfigurationError: It cannot be kept there.
    """
    return _made(directory, _TOKEN, lambda: secrets.token_urlsafe(24).encode() + b"\n")


def load_admin_token(file: Path) -> str:
    """Return the token in a file, which its group may read, too, as container platforms mount it.

    Raises:
        ConfigurationError: It cannot be read, is too short, or everybody on this machine may
            read it.
    """
    token = _read(file, is_own=False).decode("ascii", "replace").strip()
    if len(token) < _MIN_TOKEN or not token.isprintable():
        problem = f"{file} holds no token of at least {_MIN_TOKEN} ASCII characters"
        raise ConfigurationError(problem, "delete it, and the relay makes a good one")
    return token


def _made(directory: Path, name: str, make: Callable[[], bytes]) -> Path:
    """Return a file of the state directory, which is made if it is not there."""
    file = directory / name
    try:
        _prepare(directory)
        if not file.exists():
            _create(file, make())
    except OSError as error:
        raise _unusable(directory, error) from None
    return file


def _prepare(directory: Path) -> None:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if HAS_MODES:
        _check_owner(directory, directory.stat())
        if directory.stat().st_mode & _OTHERS_WRITE:
            problem = f"others may write to {directory}"
            raise ConfigurationError(problem, f"chmod 700 {directory}")


def _check_owner(path: Path, found: os.stat_result) -> None:
    """Refuse what somebody else can change, and therefore may have chosen."""
    if found.st_uid not in (0, os.geteuid()):
        raise ConfigurationError(f"{path} belongs to another user", f"chown it, or {_ADVICE}")


def _create(file: Path, content: bytes) -> None:
    """Create a file with all its content, or leave the one that another process made."""
    temporary = file.with_name(f".{file.name}-{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as output:
            output.write(content)
            output.flush()
            os.fsync(output.fileno())
        with suppress(FileExistsError):
            os.link(temporary, file)
    finally:
        temporary.unlink()


def _read(file: Path, *, is_own: bool) -> bytes:
    """Return what is in a file; one of the relay's own is no link, and for the relay alone."""
    try:
        descriptor = os.open(file, _READ_FLAGS | (_NO_LINK if is_own else 0))
        with os.fdopen(descriptor, "rb") as opened:
            if HAS_MODES:
                _check_file(file, os.fstat(descriptor), is_own=is_own)
            return opened.read(_MAX_TOKEN)
    except OSError as error:
        raise _unusable(file, error) from None


def _check_file(file: Path, found: os.stat_result, *, is_own: bool) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise ConfigurationError(f"{file} is no file", _ADVICE)
    _check_owner(file, found)
    if is_own and found.st_mode & _OTHERS:
        raise ConfigurationError(f"others may read {file}", f"chmod 600 {file}")
    refuse_public(file, found)


def _unusable(path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(f"cannot use {path}: {error.strerror or error}", _ADVICE)
