"""What a relay keeps between its runs: one secret file."""

import os
import secrets
from pathlib import Path
from typing import Final

from packhorse.wire.errors import ConfigurationError
from packhorse_relay.core.resume_tickets import SECRET_SIZE

_FILE: Final = "secret"


def load_secret(state_dir: Path) -> bytes:
    """Return the secret in `state_dir`; draws one where there is none yet.

    Raises:
        ConfigurationError: The folder cannot be used, or the file is not 32 bytes.
    """
    path = state_dir / _FILE
    try:
        state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        _create(path)
        secret = path.read_bytes()
    except OSError as error:
        problem = f"cannot use the state directory {state_dir}: {error.strerror or error}"
        raise ConfigurationError(problem, "name a directory that the relay may write") from error
    if len(secret) != SECRET_SIZE:
        problem = f"{path} has {len(secret)} bytes, must have {SECRET_SIZE}"
        raise ConfigurationError(problem, "remove the file; the relay makes a new one")
    return secret


def _create(path: Path) -> None:
    """Write a secret whole, or not at all, for the owner's eyes only."""
    if path.exists():
        return
    draft = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secrets.token_bytes(SECRET_SIZE))
    draft.replace(path)
