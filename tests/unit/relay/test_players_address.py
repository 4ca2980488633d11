"""What the relay tells players to give to `--relay`."""

import pytest

from packhorse_relay import players_address as module
from packhorse_relay.players_address import own_address, players_address


@pytest.mark.parametrize(
    ("bind", "words"),
    [
        (["127.0.0.1"], "127.0.0.1:7000"),
        (["192.0.2.1", "2001:db8::1"], "192.0.2.1:7000 or [2001:db8::1]:7000"),
        (["relay.example"], "relay.example:7000"),
    ],
)
def test_address_that_was_named_is_the_one_for_players(bind: list[str], words: str) -> None:
    assert players_address(bind, 7000) == words


@pytest.mark.parametrize("bind", [[], ["0.0.0.0"], ["::"]])  # noqa: S104 - to be described
def test_relay_on_all_addresses_names_one_as_an_example(
    bind: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "own_address", lambda: "192.168.1.20")

    assert players_address(bind, 7000) == (
        "ADDRESS:7000 with an address of this machine; in its own network, 192.168.1.20:7000"
    )
    assert players_address(bind, 6969).endswith("in its own network, 192.168.1.20")


def test_machine_without_a_network_names_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "own_address", lambda: "")

    assert players_address([], 6969) == "ADDRESS with an address of this machine"


@pytest.mark.parametrize(
    ("found", "own"),
    [
        (["2001:db8::1", "192.168.1.20", "172.17.0.1"], "192.168.1.20"),
        (["2001:db8::1"], ""),
        ([], ""),
    ],
)
def test_own_address_is_the_first_of_ipv4(
    found: list[str], own: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "local_addresses", lambda: found)

    assert own_address() == own
