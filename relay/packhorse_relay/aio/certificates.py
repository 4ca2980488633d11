"""The relay's TLS certificate, read again when its files change."""

import logging
import ssl
from pathlib import Path
from typing import Final

from packhorse.aio.secret_files import refuse_public
from packhorse.wire.errors import ConfigurationError

logger = logging.getLogger(__name__)

_LOOK_INTERVAL: Final = 10.0  # seconds between looks at the files


class Certificates:
    """Certificate and key for new connections; a renewal that fails leaves the old ones."""

    def __init__(self, cert: str, key: str | None) -> None:
        """Read the files.

        Raises:
            ConfigurationError: They cannot be read or do not fit together, or everybody
                on this machine may use the key.
        """
        self._cert = Path(cert)
        self._key = Path(key or cert)
        self._look_at = 0.0
        try:
            self._changed_at = self._state()
            self.context = self._load()
        except OSError as error:  # ssl.SSLError is one too
            raise ConfigurationError(
                f"the TLS certificate {cert} cannot be used: {error.strerror or error}",
                "give PEM files that belong together: --tls-cert with the whole chain, --tls-key",
            ) from error

    def reload_if_changed(self, *, now: float) -> None:
        """Read the files again when they have changed; looks every 10 s at most."""
        if now < self._look_at:
            return
        self._look_at = now + _LOOK_INTERVAL
        try:
            has_changed = self._state() != self._changed_at
        except OSError:  # in the middle of being replaced
            return
        if has_changed:
            self.reload()

    def reload(self) -> None:
        """Read the files again; a failure is logged and changes nothing."""
        try:
            self._changed_at = self._state()
            self.context = self._load()
        except (OSError, ConfigurationError) as error:
            problem = getattr(error, "strerror", None) or error
            logger.warning("the TLS certificate stays the old one: %s", problem)
        else:
            logger.info("the TLS certificate was read again")

    def _state(self) -> list[tuple[int, int]]:
        """Return what changes when a file is replaced, or its rights are put in order."""
        found = [file.stat() for file in (self._cert, self._key)]
        return [(each.st_mtime_ns, each.st_mode) for each in found]

    def _load(self) -> ssl.SSLContext:
        refuse_public(self._key, self._key.stat())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self._cert, self._key, password=_refuse_password)
        return context


def _refuse_password() -> str:
    """Fail for an encrypted key, for which a password would be asked on the terminal."""
    raise PermissionError("the key is encrypted")
