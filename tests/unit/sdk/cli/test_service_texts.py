"""Services are listed as people type them."""

import pytest

from packhorse.cli.service_texts import ServiceAddresses

UDP = ("127.0.0.1", 6942)
V6 = ("::1", 6943)
TCP = ("192.0.2.7", 25565)


@pytest.mark.parametrize(
    ("udp", "tcp", "shown", "options"),
    [
        ([UDP], [], "127.0.0.1:6942", "--udp 6942"),
        ([], [TCP], "192.0.2.7:25565 (TCP)", "--tcp 25565"),
        (
            [UDP, V6],
            [TCP],
            "127.0.0.1:6942 (UDP), [::1]:6943 (UDP) and 192.0.2.7:25565 (TCP)",
            "--udp 6942 --udp 6943 --tcp 25565",
        ),
    ],
)
def test_services_are_shown_with_their_protocols(
    udp: list[tuple[str, int]], tcp: list[tuple[str, int]], shown: str, options: str
) -> None:
    services = ServiceAddresses(udp, tcp)

    assert str(services) == shown
    assert services.options == options


def test_one_service_is_the_game_server_and_more_are_servers() -> None:
    assert ServiceAddresses([UDP], []).meaning == "the game server at 127.0.0.1:6942"
    assert ServiceAddresses([UDP], [TCP]).meaning.startswith("the servers at 127.0.0.1:6942 (UDP)")


def test_ports_on_this_machine_are_those_of_the_servers() -> None:
    assert ServiceAddresses([V6], [TCP]).ports == (
        [("127.0.0.1", 6943)],
        [("127.0.0.1", 25565)],
    )


def test_fields_list_services_when_there_are_several() -> None:
    assert ServiceAddresses([UDP], []).fields() == {}
    assert ServiceAddresses([UDP], [TCP]).fields() == {
        "services": [
            {"protocol": "udp", "address": "127.0.0.1:6942", "port": 6942},
            {"protocol": "tcp", "address": "192.0.2.7:25565", "port": 25565},
        ]
    }
