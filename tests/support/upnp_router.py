"""A home router that forwards ports when it is asked: miniupnpd in a namespace."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Self

from tests.support.netns import Home, NatLab
from tests.support.processes import Started

RELAY_HOST: Final = "5.9.0.1"  # miniupnpd refuses to work on addresses for documentation
_CONFIGURATION: Final = """\
ext_ifname=wan
listening_ip=lan
http_port=5555
enable_natpmp=yes
enable_upnp=yes
secure_mode=yes
notify_interval=30
uuid=6c0d8c3e-6f0a-4e24-9d6a-2b7f5f1c0a01
serial=1
model_number=1
allow 1024-65535 0.0.0.0/0 1024-65535
"""
_RULES: Final = """
table inet filter {
    chain forward {
        type filter hook forward priority 0; policy accept;
        jump miniupnpd
    }
    chain miniupnpd {
    }
    chain prerouting {
        type nat hook prerouting priority -100; policy accept;
        jump prerouting_miniupnpd
    }
    chain postrouting {
        type nat hook postrouting priority 90; policy accept;
        jump postrouting_miniupnpd
    }
    chain prerouting_miniupnpd {
    }
    chain postrouting_miniupnpd {
    }
}
"""


class ForwardingLab:
    """A `NatLab` with addresses of the internet, whose routers can be made to forward ports."""

    def __init__(self, folder: Path) -> None:
        """Build nothing yet; `folder` is for configurations."""
        self._folder = folder
        self._lab = NatLab(homes=2)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self._lab)
            self._lab.net.run("ip", "addr", "add", f"{RELAY_HOST}/24", "dev", "br0")
            for number, home in enumerate(self._lab.homes, start=11):
                home.router.run("ip", "addr", "flush", "dev", "wan")
                home.router.run("ip", "addr", "add", f"5.9.0.{number}/24", "dev", "wan")
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_exc_info: object) -> None:
        self._stack.close()

    @property
    def homes(self) -> list[Home]:
        """The homes; their public addresses are 5.9.0.11 and 5.9.0.12."""
        return self._lab.homes

    def start_relay(self) -> None:
        """Start a relay at `RELAY_HOST`, port 6969."""
        command = [sys.executable, "-m", "packhorse", "relay", "--json", "--drain-time", "0"]
        relay = self._stack.enter_context(Started(self._lab.net.command(command)))
        relay.wait_for("listening")

    def start(self, home: Home, *command: str) -> Started:
        """Start a program on the machine of a home."""
        return self._stack.enter_context(Started(home.machine.command(command)))

    def let_forward(self, home: Home, *, only_upnp: bool = False) -> Started:
        """Let the router of a home forward what it is asked for.

        Args:
            home: Whose router.
            only_upnp: Not by PCP and NAT-PMP.
        """
        configuration = self._folder / f"{home.router.namespace}.conf"
        text = _CONFIGURATION
        if only_upnp:
            text = text.replace("enable_natpmp=yes", "enable_natpmp=no")
        configuration.write_text(text, "ascii")
        home.router.nft(_RULES)
        pid = self._folder / f"{home.router.namespace}.pid"
        command = ["miniupnpd", "-d", "-f", str(configuration), "-P", str(pid)]
        daemon = self._stack.enter_context(Started(home.router.command(command)))
        daemon.wait_for("HTTP listening" if only_upnp else "Listening for NAT-PMP/PCP")
        return daemon
