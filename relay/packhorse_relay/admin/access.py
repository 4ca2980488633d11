"""Who may ask the admin listener for what: host name, origin, token, lockout.

The host name is checked because a page elsewhere can let its own name point to this
machine (DNS rebinding), and then reads what it likes; it cannot do so with an address.
"""

import hmac
import ipaddress
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

MAX_FAILURES: Final = 5  # wrong tokens in a row
LOCKOUT: Final = 30.0  # seconds
MAX_SOURCES: Final = 1024
_LOCAL_NAMES: Final = frozenset({"localhost"})
_SAME_SITE: Final = frozenset({"same-origin", "none"})
_BEARER: Final = "bearer "


class Verdict(StrEnum):
    """What becomes of a request."""

    OK = "ok"
    BAD_HOST = "bad_host"
    BAD_ORIGIN = "bad_origin"
    UNAUTHORIZED = "unauthorized"
    LOCKED_OUT = "locked_out"
    BAD_METHOD = "bad_method"
    NOT_FOUND = "not_found"


class Credentials(NamedTuple):
    """What a request shows of itself; each header as often as it came."""

    hosts: Sequence[str]
    origins: Sequence[str]
    sites: Sequence[str]
    """`Sec-Fetch-Site`."""
    authorizations: Sequence[str]
    source: bytes
    """Whom failures count for."""


@dataclass(slots=True)
class _Failures:
    count: int = 0
    locked_until: float = 0.0


class Access:
    """Checks requests."""

    def __init__(self, token: str, names: Sequence[str] = (), *, needs_token: bool) -> None:
        self.change(token, names)
        self._needs_token = needs_token
        self._failures: OrderedDict[bytes, _Failures] = OrderedDict()

    def __len__(self) -> int:
        return len(self._failures)

    def change(self, token: str, names: Sequence[str]) -> None:
        """Go by another token and other host names from now on."""
        self._token = token.encode()
        self._names = _LOCAL_NAMES | {name.lower() for name in names}

    def check_page(self, shown: Credentials) -> Verdict:
        """Check a request for what is no secret: whether the relay lives, the empty page."""
        return Verdict.OK if self._is_good_host(shown.hosts) else Verdict.BAD_HOST

    def check_data(self, shown: Credentials, *, reveal: bool, now: float) -> Verdict:
        """Check a request for figures; with `reveal`, for codes and addresses too."""
        if not self._is_good_host(shown.hosts):
            return Verdict.BAD_HOST
        if not _is_same_origin(shown):
            return Verdict.BAD_ORIGIN
        if shown.authorizations:
            return self._check_token(shown, now)
        return Verdict.UNAUTHORIZED if reveal or self._needs_token else Verdict.OK

    def _is_good_host(self, hosts: Sequence[str]) -> bool:
        if len(hosts) != 1:
            return False
        name = host_name(hosts[0])
        return name in self._names or _is_address(name)

    def _check_token(self, shown: Credentials, now: float) -> Verdict:
        failures = self._failures.get(shown.source)
        if failures is not None and now < failures.locked_until:
            return Verdict.LOCKED_OUT
        if self._is_right(shown.authorizations):
            self._failures.pop(shown.source, None)
            return Verdict.OK
        self._count_failure(shown.source, now)
        return Verdict.UNAUTHORIZED

    def _is_right(self, authorizations: Sequence[str]) -> bool:
        value = authorizations[0]
        is_bearer = len(authorizations) == 1 and value.lower().startswith(_BEARER)
        given = value[len(_BEARER) :].strip().encode(errors="replace")
        return is_bearer and bool(self._token) and hmac.compare_digest(given, self._token)

    def _count_failure(self, source: bytes, now: float) -> None:
        failures = self._failures.setdefault(source, _Failures())
        self._failures.move_to_end(source)
        failures.count += 1
        if failures.count >= MAX_FAILURES:
            failures.count, failures.locked_until = 0, now + LOCKOUT
        if len(self._failures) > MAX_SOURCES:
            self._failures.popitem(last=False)


def host_name(host: str) -> str:
    """Return the name or address in a `Host` header, in lower case, without the port."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_same_origin(shown: Credentials) -> bool:
    """Tell whether no page of another site asks; programs send neither header."""
    host = shown.hosts[0].lower()
    wanted = {f"http://{host}", f"https://{host}"}
    is_own = all(origin.lower() in wanted for origin in shown.origins)
    return is_own and all(site in _SAME_SITE for site in shown.sites)
