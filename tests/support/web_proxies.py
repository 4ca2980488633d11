"""nginx and Caddy in front of a relay, as the files in deploy/ say."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from tests.support.layout import REPOSITORY
from tests.support.middleman_process import wait_until
from tests.support.processes import Started
from tests.support.programs import program

LOOPBACK: Final = "127.0.0.1"
_DEPLOY: Final = REPOSITORY / "deploy"


class Site(NamedTuple):
    """What an operator puts into the configuration, and where this test has its files."""

    relay_port: int
    port: int
    cert: Path
    key: Path
    folder: Path


def replaced(text: str, changes: dict[str, str]) -> str:
    """Replace texts that must all be there."""
    for old, new in changes.items():
        assert old in text, f"no {old!r} in:\n{text}"
        text = text.replace(old, new)
    return text


def nginx(site: Site) -> list[str]:
    """Write a configuration around deploy/nginx.conf; returns the command that runs it."""
    server = replaced(
        (_DEPLOY / "nginx.conf").read_text("utf-8"),
        {
            "listen 443 ssl;": f"listen {LOOPBACK}:{site.port} ssl;",
            "listen [::]:443 ssl;": "",
            "/etc/letsencrypt/live/relay.example/fullchain.pem": str(site.cert),
            "/etc/letsencrypt/live/relay.example/privkey.pem": str(site.key),
            "http://127.0.0.1:6969": f"http://{LOOPBACK}:{site.relay_port}",
        },
    )
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {site.folder}/{kind};\n" for kind in kinds)
    config = site.folder / "nginx.conf"
    config.write_text(
        f"daemon off;\nmaster_process off;\npid {site.folder}/pid;\nerror_log stderr warn;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{temporary}{server}}}\n"
    )
    return [program("nginx"), "-e", "stderr", "-p", str(site.folder), "-c", str(config)]


def caddy(site: Site) -> list[str]:
    """Write a configuration around deploy/Caddyfile; returns the command that runs it."""
    block = replaced(
        (_DEPLOY / "Caddyfile").read_text("utf-8"),
        {
            "relay.example {": f"https://localhost:{site.port} {{\n"
            f"bind {LOOPBACK}\ntls {site.cert} {site.key}",
            "127.0.0.1:6969": f"{LOOPBACK}:{site.relay_port}",
        },
    )
    config = site.folder / "Caddyfile"
    config.write_text("{\nadmin off\nauto_https disable_redirects\n}\n" + block)
    return [program("caddy"), "run", "--config", str(config), "--adapter", "caddyfile"]


PROXIES: Final[dict[str, Callable[[Site], list[str]]]] = {"nginx": nginx, "caddy": caddy}


@contextmanager
def web_proxy(name: str, site: Site) -> Iterator[str]:
    """Run a proxy; gives the URL under which the relay is then."""
    with Started(PROXIES[name](site), env={"HOME": str(site.folder)}) as process:
        try:
            wait_until(lambda: _accepts(site.port))
        except AssertionError:
            raise AssertionError(process.output) from None
        yield f"wss://localhost:{site.port}"


def free_tcp_port() -> int:
    """Return a TCP port of the loopback interface that was free just now."""
    with socket.create_server((LOOPBACK, 0)) as sock:
        return int(sock.getsockname()[1])


def _accepts(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True
