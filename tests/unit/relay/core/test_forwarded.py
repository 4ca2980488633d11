"""Tests of whom X-Forwarded-For makes the client (WS-7)."""

import pytest

from packhorse_relay.core.forwarded import canonical_host, client_host

PROXIES = frozenset({"192.0.2.1", "192.0.2.2"})
STRANGER, CLIENT = "203.0.113.9", "198.51.100.7"


def test_stranger_that_claims_to_forward_is_itself_the_client() -> None:
    assert client_host(STRANGER, [CLIENT], PROXIES) == STRANGER


def test_trusted_proxy_names_its_client() -> None:
    assert client_host("192.0.2.1", [CLIENT], PROXIES) == CLIENT


def test_client_that_forges_the_header_is_still_seen_as_itself() -> None:
    assert client_host("192.0.2.1", [f"10.0.0.1, {CLIENT}"], PROXIES) == CLIENT


def test_chain_of_trusted_proxies_is_followed_to_its_start() -> None:
    assert client_host("192.0.2.1", [CLIENT, "192.0.2.2"], PROXIES) == CLIENT


@pytest.mark.parametrize("values", [[], [""], ["unknown"], ["198.51.100.7:1234"], ["a" * 9000]])
def test_proxy_that_names_nobody_is_counted_itself(values: list[str]) -> None:
    assert client_host("192.0.2.1", values, PROXIES) == "192.0.2.1"


def test_mapped_address_of_a_proxy_is_recognised() -> None:
    assert client_host("::ffff:192.0.2.1", [f"::ffff:{CLIENT}"], PROXIES) == CLIENT


def test_endless_header_is_not_walked_to_its_end() -> None:
    forged = ",".join(["192.0.2.2"] * 1000)

    assert client_host("192.0.2.1", [forged], PROXIES) == "192.0.2.2"


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 2001:DB8::0:1 ", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("relay.example", None),
        ("", None),
    ],
)
def test_address_has_one_form(text: str, host: str | None) -> None:
    assert canonical_host(text) == host
