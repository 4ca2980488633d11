"""Tests of finding the default gateway."""

import pytest

from packhorse.core.direct.gateway import gateway_of_netstat, gateway_of_proc

HEAD = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
LOCAL = "eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n"
WIFI = "wlan0\t00000000\t0102A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n"
CABLE = "eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
TUNNEL = "tun0\t00000000\t00000000\t0001\t0\t0\t50\t00000000\t0\t0\t0\n"

MACOS = """\
Routing tables

Internet:
Destination        Gateway            Flags           Netif Expire
default            192.168.1.1        UGScg             en0
127                127.0.0.1          UCS               lo0

Internet6:
default            fe80::%utun0       UGcIg           utun0
"""
WINDOWS = """\
IPv4 Route Table
===========================================================================
Active Routes:
Network Destination        Netmask          Gateway       Interface  Metric
          0.0.0.0          0.0.0.0      192.168.1.1     192.168.1.10     25
        127.0.0.0        255.0.0.0         On-link         127.0.0.1    331
"""


@pytest.mark.parametrize(
    ("lines", "gateway"),
    [
        (LOCAL + WIFI + CABLE, "192.168.1.1"),
        (WIFI, "192.168.2.1"),
        (LOCAL + TUNNEL, None),
        ("", None),
        ("eth0\n", None),
    ],
)
def test_gateway_on_linux_is_that_of_the_lowest_metric(lines: str, gateway: str | None) -> None:
    assert gateway_of_proc(HEAD + lines) == gateway


@pytest.mark.parametrize("text", [MACOS, WINDOWS])
def test_gateway_elsewhere_is_read_from_netstat(text: str) -> None:
    assert gateway_of_netstat(text) == "192.168.1.1"


@pytest.mark.parametrize("text", ["", "default link#4 UCS en0\n", "0.0.0.0\n"])
def test_no_gateway_is_none(text: str) -> None:
    assert gateway_of_netstat(text) is None
