"""Rules of nftables that make a Linux router behave like routers of all kinds (RFC 4787)."""

from enum import StrEnum
from typing import Final

_PORTS: Final = 4096  # outer ports of the routers that give them out in order or by address
_FIRST_PORT: Final = 40_000


class Kind(StrEnum):
    """A kind of router; the value is its name in tables."""

    FULL_CONE = "full cone"
    """One mapping for all destinations, and everybody may answer; for UDP."""
    FULL_CONE_ONE = "full cone, one host"
    """The same as many home routers do it: all that comes in goes to one host."""
    ADDRESS_RESTRICTED = "address-restricted"
    PORT_RESTRICTED = "port-restricted"
    UNGUARDED = "port-restricted, unguarded"
    """Takes in what nobody asked for itself, which costs the next connection its port."""
    SYMMETRIC_BY_ADDRESS = "symmetric by address"
    SYMMETRIC_IN_ORDER = "symmetric in order"
    SYMMETRIC_RANDOM = "symmetric random"
    HAIRPIN = "full cone, hairpin"
    """Two hosts behind it may reach each other by their outer addresses."""
    UDP_BLOCKED = "UDP blocked"
    ONLY_443 = "only TCP 443"
    """Nothing but TCP to port 443 goes out."""
    V6_STATEFUL = "IPv6 only, stateful"
    V6_OPEN = "IPv6 only, open"
    ROUTER = "router"
    """Translates and refuses nothing."""


_GUARD: Final = """
table inet guard {
    chain input {
        type filter hook input priority 0; policy accept;
        iifname "wan" ct state established,related accept
        iifname "wan" meta l4proto { icmp, icmpv6 } accept
        iifname "wan" drop
    }
}
"""
_V6_FIREWALL: Final = """
table ip6 firewall {
    chain forward {
        type filter hook forward priority 0; policy accept;
        ct state established,related accept
        iifname "wan" drop
    }
}
"""
_NO_V4: Final = """
table ip closed {
    chain forward {
        type filter hook forward priority 0; policy drop;
    }
}
"""
_FORWARD: Final = {
    Kind.UDP_BLOCKED: """
table inet blocked {
    chain forward {
        type filter hook forward priority 0; policy accept;
        meta l4proto udp drop
    }
}
""",
    Kind.ONLY_443: """
table inet blocked {
    chain forward {
        type filter hook forward priority 0; policy drop;
        ct state established,related accept
        iifname != "wan" tcp dport 443 accept
    }
}
""",
    Kind.V6_STATEFUL: _NO_V4 + _V6_FIREWALL,
    Kind.V6_OPEN: _NO_V4,
}
_NAT: Final = """
table ip nat {{
    chain pre {{
        type nat hook prerouting priority dstnat; policy accept;
        {pre}
    }}
    chain post {{
        type nat hook postrouting priority srcnat; policy accept;
        {post}
    }}
}}
"""
_CONE: Final = """
table ip nat {{
    map own {{
        type {key} : ipv4_addr . inet_service
        flags dynamic,timeout
        timeout 5m
        size 65535
    }}
    chain record {{
        type filter hook postrouting priority 90; policy accept;
        oifname "wan" meta l4proto udp update @own {{ {out} : ip saddr . udp sport }}
    }}
    chain pre {{
        type nat hook prerouting priority dstnat; policy accept;
        {wan} ip daddr {outer} meta l4proto udp dnat ip to {back} map @own
    }}
    chain post {{
        type nat hook postrouting priority srcnat; policy accept;
        {hairpin}
        oifname "wan" snat to {outer}
    }}
}}
"""


def rules(kind: Kind, *, outer: str, inner: str) -> str:
    """Return the rules of a router whose outside is the interface `wan`.

    Args:
        kind: What it is to be.
        outer: Its address outside.
        inner: Address of the host to which `FULL_CONE_ONE` lets everything in.
    """
    guard = "" if kind in {Kind.ROUTER, Kind.UNGUARDED} else _GUARD
    firewall = "" if kind in {Kind.ROUTER, Kind.V6_OPEN, Kind.V6_STATEFUL} else _V6_FIREWALL
    return _nat(kind, outer, inner) + guard + firewall + _FORWARD.get(kind, "")


def loss_rules(share: float) -> str:
    """Return the rules that lose this share of what is forwarded, each way."""
    limit = round(share * 10_000)
    return f"""
table inet loss {{
    chain forward {{
        type filter hook forward priority -150; policy accept;
        meta l4proto {{ tcp, udp }} numgen random mod 10000 < {limit} counter drop
    }}
}}
"""


def drop_rules(match: str) -> str:
    """Return the rules that drop what is forwarded and matches, such as `meta l4proto udp`."""
    return f"""
table inet cut {{
    chain forward {{
        type filter hook forward priority -150; policy accept;
        {match} drop
    }}
}}
"""


def _nat(kind: Kind, outer: str, inner: str) -> str:
    match kind:
        case Kind.ROUTER:
            return ""
        case Kind.FULL_CONE | Kind.HAIRPIN:
            key, out, back = "inet_service", "udp sport", "udp dport"
        case Kind.ADDRESS_RESTRICTED:
            key, out, back = (
                "inet_service . ipv4_addr",
                "udp sport . ip daddr",
                "udp dport . ip saddr",
            )
        case _:
            return _NAT.format(pre=_pre(kind, outer, inner), post=_post(kind, outer))
    is_hairpin = kind is Kind.HAIRPIN
    hairpin = f'iifname != "wan" ct status dnat snat to {outer}' if is_hairpin else ""
    wan = "" if is_hairpin else 'iifname "wan"'
    return _CONE.format(key=key, out=out, back=back, wan=wan, hairpin=hairpin, outer=outer)


def _pre(kind: Kind, outer: str, inner: str) -> str:
    if kind is not Kind.FULL_CONE_ONE:
        return ""
    return f'iifname "wan" ip daddr {outer} meta l4proto {{ tcp, udp }} dnat to {inner}'


def _post(kind: Kind, outer: str) -> str:
    match kind:
        case Kind.SYMMETRIC_RANDOM:
            target = f"{outer}:1024-65535 fully-random"
        case Kind.SYMMETRIC_IN_ORDER:
            target = f"{outer} : numgen inc mod {_PORTS} map {_port_map()}"
        case Kind.SYMMETRIC_BY_ADDRESS:
            by_address = f"jhash ip daddr . th sport mod {_PORTS} seed 0xbeef"
            target = f"{outer} : {by_address} map {_port_map()}"
        case _:
            return f'oifname "wan" snat to {outer}'
    return (
        f'oifname "wan" meta l4proto {{ tcp, udp }} snat to {target}\n'
        f'        oifname "wan" snat to {outer}'
    )


def _port_map() -> str:
    ports = (f"{number} : {_FIRST_PORT + number}" for number in range(_PORTS))
    return f"{{ {', '.join(ports)} }}"
