"""What a forwarded datagram costs the relay's data planes, next to other relays."""

from packhorse.cli.main import main

RUNS = 7


def test_relay_cost_per_forwarded_datagram() -> None:
    assert main(["bench", "relay", "--against", "coturn,c,plain", "--runs", str(RUNS)]) == 0
