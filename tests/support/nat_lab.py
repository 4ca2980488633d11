"""An internet with providers, home routers of all kinds, and lines with delay and loss.

    machine -- router -- provider -- net 192.0.2.1
    192.168.1.10        (or a NAT)
    home                            the same again for each home

Every home has the same private addresses. Between two routers are three hops, so a datagram
with a TTL of 3 never meets the other one. Needs root. Every name carries the process id, and
all of it goes away with the lab.
"""

import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.support.inside import turn_offloads_off
from tests.support.nat_kinds import Kind, drop_rules, loss_rules, rules
from tests.support.netns import Host, Namespaces
from tests.support.processes import Started

PUBLIC: Final = ("192.0.2.1", "192.0.2.2")  # RFC 5737: addresses for documentation
PUBLIC_NETWORK: Final = "192.0.2.0/24"
PUBLIC_V6: Final = "2001:db8::1"  # RFC 3849: the same
_WIRE: Final = Path(__file__).with_name("wire.py")
_ROUTER_SYSCTLS: Final = (
    "net.ipv4.ip_forward=1",
    "net.ipv6.conf.all.forwarding=1",
    "net.ipv4.conf.all.rp_filter=0",
)
_NO_WAITING: Final = ("net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0")


@dataclass(frozen=True, slots=True)
class Line:
    """How a provider's line to the internet carries what goes over it, each way."""

    delay: float = 0.0
    """Seconds."""
    jitter: float = 0.0
    """Seconds more or less."""
    loss: float = 0.0
    """Share of packets that the home's router loses."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a home is to be."""

    kind: Kind
    carrier: Kind = Kind.ROUTER
    """What its provider's router is; but for `ROUTER` the home has no public address."""
    shares_provider: bool = False
    """It has the provider of the home before it."""
    machines: int = 1
    has_v6: bool = False


@dataclass(frozen=True, slots=True)
class Provider:
    """Who connects homes to the internet."""

    host: Host
    number: int
    carrier: Kind


@dataclass(frozen=True, slots=True)
class Home:
    """Machines behind a router."""

    plan: Plan
    router: Host
    """Its address is that on the provider's side."""
    other_address: str
    """Another one that it may take."""
    machines: list[Host] = field(default_factory=list)

    @property
    def machine(self) -> Host:
        """The first machine."""
        return self.machines[0]

    def forget_mappings(self) -> None:
        """Let the router forget its connections."""
        self.router.run("conntrack", "-F")

    def change_port(self) -> None:
        """Let the router give other ports from now on."""
        self._translate_to(f"{self.router.address}:20000-60000 fully-random")

    def change_address(self) -> None:
        """Let the router have another address from now on."""
        self._translate_to(self.other_address)

    def forget_soon(self) -> None:
        """Let the router forget mappings of UDP after 2 s, or 4 s once both sides have sent."""
        timeout = "net.netfilter.nf_conntrack_udp_timeout"
        self.router.run("sysctl", "-qw", f"{timeout}=2", f"{timeout}_stream=4")

    def cut_direct_paths(self) -> None:
        """Let the router silently drop all UDP but that of the relay."""
        others = f"ip saddr != {PUBLIC_NETWORK} ip daddr != {PUBLIC_NETWORK}"
        self.router.nft(drop_rules(f"meta l4proto udp {others}"))

    def block_udp(self) -> None:
        """Let the router silently drop all UDP."""
        self.router.nft(drop_rules("meta l4proto udp"))

    def block_udp_to_relay(self) -> None:
        """Let the router silently drop all UDP to the relay."""
        self.router.nft(drop_rules(f"meta l4proto udp ip daddr {PUBLIC_NETWORK}"))

    def _translate_to(self, target: str) -> None:
        self.router.nft(f'insert rule ip nat post oifname "wan" meta l4proto udp snat to {target}')
        self.forget_mappings()


class Internet(Namespaces):
    """A public host and homes as planned; a context manager."""

    def __init__(self, *plans: Plan, line: Line | None = None) -> None:
        super().__init__()
        self._plans = plans
        self._line = line or Line()
        self._providers: list[Provider] = []
        self._programs = ExitStack()
        self.homes: list[Home] = []

    def start(self, host: Host, *command: str, env: dict[str, str] | None = None) -> Started:
        """Start a program on a host; it ends with the lab."""
        return self._programs.enter_context(Started(host.command(command), env=env))

    def _build(self) -> None:
        self.net = self._add_router("net", PUBLIC[0])
        self.net.ip(
            *(f"addr add {address}/32 dev lo" for address in PUBLIC),
            f"addr add {PUBLIC_V6}/128 dev lo",
        )
        for plan in self._plans:
            self._add_home(plan)

    def _remove(self) -> None:
        try:
            self._programs.close()
        finally:
            super()._remove()

    def _add_router(self, name: str, address: str) -> Host:
        router = Host(self._add_namespace(name), address)
        router.run("sysctl", "-qw", *_ROUTER_SYSCTLS, *_NO_WAITING)
        return router

    def _add_provider(self, carrier: Kind) -> Provider:
        number = len(self._providers) + 1
        address = f"203.0.113.{4 * number + 2}"
        provider = Provider(self._add_router(f"isp{number}", address), number, carrier)
        self._providers.append(provider)
        self._lay_line(provider, f"isp{number}")
        gateway = f"203.0.113.{4 * number + 1}"
        self.net.ip(
            f"addr add {gateway}/30 dev isp{number}",
            f"addr add 2001:db8:0:{number}::1/64 dev isp{number} nodad",
        )
        provider.host.ip(
            f"addr add {address}/30 dev wan",
            f"addr add 2001:db8:0:{number}::2/64 dev wan nodad",
            f"route add default via {gateway}",
            f"route add ::/0 via 2001:db8:0:{number}::1",
        )
        provider.host.nft(rules(carrier, outer=address, inner=f"100.64.{len(self.homes) + 1}.2"))
        return provider

    def _lay_line(self, provider: Provider, name: str) -> None:
        """Connect a provider with the internet."""
        if not self._line.delay:
            self._connect(self.net, name, provider.host, "wan")
            return
        wire = Host(self._add_namespace(f"wire{provider.number}"), "")
        self._connect(self.net, name, wire, "left")
        self._connect(wire, "right", provider.host, "wan")
        ends = ((self.net, name), (wire, "left"), (wire, "right"), (provider.host, "wan"))
        for host, interface in ends:
            turn_offloads_off(host.namespace, interface)
        timing = (str(self._line.delay), str(self._line.jitter))
        carrying = self.start(wire, sys.executable, "-I", str(_WIRE), "left", "right", *timing)
        carrying.wait_for("ready")

    def _add_home(self, plan: Plan) -> None:
        provider = self._providers[-1] if plan.shares_provider else self._add_provider(plan.carrier)
        number = len(self.homes) + 1
        home = self._add_router_of(number, plan, provider)
        self.homes.append(home)
        home.router.nft(rules(plan.kind, outer=home.router.address, inner="192.168.1.10"))
        if self._line.loss:
            home.router.nft(loss_rules(self._line.loss))
        for machine in range(plan.machines):
            home.machines.append(self._add_machine(number, machine, home))

    def _add_router_of(self, number: int, plan: Plan, provider: Provider) -> Home:
        """Add a home's router and connect it with its provider."""
        is_public = provider.carrier is Kind.ROUTER
        network, first, size = (
            ("198.51.100", 8 * number + 1, 29) if is_public else (f"100.64.{number}", 1, 24)
        )
        gateway, address, other = (f"{network}.{first + step}" for step in range(3))
        router = self._add_router(f"router{number}", address)
        inside = f"home{number}"
        self._connect(provider.host, inside, router, "wan")
        provider.host.ip(
            f"addr add {gateway}/{size} dev {inside}",
            f"addr add 2001:db8:1:{number}::1/64 dev {inside} nodad",
            f"route add 2001:db8:2:{number}::/64 via 2001:db8:1:{number}::2",
        )
        if is_public:
            self.net.ip(f"route add {network}.{8 * number}/29 via {provider.host.address}")
        for network_v6 in (f"2001:db8:1:{number}::/64", f"2001:db8:2:{number}::/64"):
            self.net.ip(f"route add {network_v6} via 2001:db8:0:{provider.number}::2")
        router.ip(
            f"addr add {address}/{size} dev wan",
            f"addr add {other}/{size} dev wan",
            f"addr add 2001:db8:1:{number}::2/64 dev wan nodad",
            f"route add default via {gateway}",
            f"route add ::/0 via 2001:db8:1:{number}::1",
            "link add lan type bridge",
            "link set lan up",
            "addr add 192.168.1.1/24 dev lan",
            f"addr add 2001:db8:2:{number}::1/64 dev lan nodad",
        )
        return Home(plan, router, other)

    def _add_machine(self, number: int, machine: int, home: Home) -> Host:
        """Add a machine to a home."""
        host = Host(self._add_namespace(f"machine{number}-{machine}"), f"192.168.1.{10 + machine}")
        host.run("sysctl", "-qw", *_NO_WAITING)
        self._connect(home.router, f"lan{machine}", host, "eth0")
        home.router.ip(f"link set lan{machine} master lan")
        host.ip(f"addr add {host.address}/24 dev eth0", "route add default via 192.168.1.1")
        if home.plan.has_v6:
            host.ip(
                f"addr add 2001:db8:2:{number}::{10 + machine}/64 dev eth0 nodad",
                f"route add ::/0 via 2001:db8:2:{number}::1",
            )
        return host
