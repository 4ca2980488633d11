"""Files that hold secrets: keys, which not everybody may read, and tickets and passwords."""

import os
import stat
from pathlib import Path
from typing import Final

from packhorse.wire.errors import ConfigurationError

HAS_MODES: Final = os.name == "posix"


def read_key(path: str, meaning: str) -> str:
    """Return the text in a key file.

    Raises:
        ConfigurationError: It cannot be read, or everybody on this machine may use it.
    """
    return _read(path, meaning, "make one with: packhorse ticket --new-key FILE", is_key=True)


def read_text(path: str, meaning: str) -> str:
    """Return what a file holds that people write with the rights they always give.

    Raises:
        ConfigurationError: It cannot be read.
    """
    return _read(path, meaning, "check its name and its rights", is_key=False)


def refuse_public(path: Path | str, found: os.stat_result) -> None:
    """Refuse a key that everybody on this machine may use; its group may.

    Raises:
        ConfigurationError: They may.
    """
    if HAS_MODES and found.st_mode & stat.S_IRWXO:
        raise ConfigurationError(f"others may read {path}", f"chmod o-rwx {path}")


def _read(path: str, meaning: str, advice: str, *, is_key: bool) -> str:
    try:
        with Path(path).open(encoding="utf-8") as file:
            if is_key:
                refuse_public(path, os.fstat(file.fileno()))
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        problem = getattr(error, "strerror", None) or "it is no text"
        raise ConfigurationError(
            f"the {meaning} file {path} cannot be read: {problem}", advice
        ) from error
