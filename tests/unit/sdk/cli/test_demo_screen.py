"""The demo on wide, narrow and plain terminals, and in a pipe."""

import io

import pytest
from rich.console import Console

from packhorse.cli.demo_pings import PingClient
from packhorse.cli.demo_screen import DemoScreen
from packhorse.cli.demo_stage import Stage
from packhorse.core.relay_address import RelayAddress
from packhorse_relay.aio.server import RelayServer


class Terminal:
    """A console that keeps what is written, and the screen on it."""

    def __init__(self, *, width: int = 80, is_terminal: bool = True, encoding: str = "utf-8"):
        self._bytes = io.BytesIO()
        self._file = io.TextIOWrapper(self._bytes, encoding=encoding, write_through=True)
        console = Console(
            file=self._file, width=width, height=24, force_terminal=is_terminal, _environ={}
        )
        self.screen = DemoScreen(console)
        self._encoding = encoding

    @property
    def text(self) -> str:
        """All that was written."""
        return self._bytes.getvalue().decode(self._encoding)


def client_with(name: str, way: str, *rtts: float) -> PingClient:
    client = PingClient(name, way)
    for rtt in rtts:
        client.pings.take_echo(client.pings.next_ping(now=0.0), now=rtt)
    return client


def stage_of(*clients: PingClient) -> Stage:
    relay = RelayServer(bind=["127.0.0.1"], port=0)
    return Stage(relay, RelayAddress("127.0.0.1", 6969), "K7QM-2XPA", clients)


async def usual_stage() -> Stage:
    return stage_of(
        client_with("UDP game", "middleman", 0.0012, 0.0014, 0.0016),
        client_with("SDK bot", "sdk", 0.0010, 0.0011, 0.0999),
    )


@pytest.mark.parametrize("width", [40, 60, 80, 120])
async def test_summary_fits_the_terminal(width: int) -> None:
    terminal = Terminal(width=width, is_terminal=False)

    terminal.screen.sum_up(await usual_stage())

    table = terminal.text.partition("Next")[0].splitlines()
    assert max(len(line.rstrip()) for line in table) <= width
    assert "…" not in terminal.text
    assert "packhorse join CODE --relay RELAY --udp PORT" in terminal.text


async def test_summary_says_what_was_measured() -> None:
    terminal = Terminal(is_terminal=False)

    terminal.screen.sum_up(await usual_stage())

    rows = [" ".join(line.split()) for line in terminal.text.splitlines()]
    assert "UDP game middleman 3 3 0 % 1.20 1.40 1.60 1.60 0.20" in rows
    assert "SDK bot SDK 3 3 0 % 1.00 1.10 99.90 99.90 49.45" in rows
    assert "All 6 pings came back" in terminal.text
    assert "0.30 ms of RTT" in terminal.text.replace("\n", " ")


async def test_summary_of_a_slower_sdk_claims_no_gain() -> None:
    terminal = Terminal(is_terminal=False)

    terminal.screen.sum_up(
        stage_of(client_with("a", "middleman", 0.001), client_with("b", "sdk", 0.002))
    )

    assert "no time that can be measured" in terminal.text.replace("\n", " ")


async def test_summary_of_a_silent_client_has_no_times() -> None:
    silent = client_with("UDP game", "middleman")
    silent.pings.next_ping(now=0.0)
    terminal = Terminal(is_terminal=False)

    terminal.screen.sum_up(stage_of(silent, client_with("SDK bot", "sdk", 0.001)))

    rows = [" ".join(line.split()) for line in terminal.text.splitlines()]
    assert "UDP game middleman 1 0 100 % - - - - -" in rows
    assert "1 of 2 pings came back through the relay." in rows


@pytest.mark.parametrize("width", [60, 80, 120])
async def test_live_table_is_drawn_and_removed_on_a_terminal(width: int) -> None:
    terminal = Terminal(width=width)

    with terminal.screen.live():
        terminal.screen.draw(stage_of(client_with("UDP game", "middleman")), 0.0, 5.0)
        terminal.screen.draw(await usual_stage(), 2.5, 5.0)

    assert ("latest pings" in terminal.text) == (width >= 80)
    assert "…" not in terminal.text
    assert "\x1b[?25h" in terminal.text  # the cursor is back
    assert terminal.text.endswith("\x1b[1A\x1b[2K" * 7)  # and the lines are gone


async def test_live_table_has_no_graph_where_the_encoding_has_no_bars() -> None:
    terminal = Terminal(encoding="ascii")

    with terminal.screen.live():
        terminal.screen.draw(await usual_stage(), 2.5, 5.0)

    assert "RTT ms" in terminal.text
    assert "latest pings" not in terminal.text


async def test_nothing_is_drawn_in_a_pipe() -> None:
    terminal = Terminal(is_terminal=False)

    with terminal.screen.live():
        terminal.screen.draw(await usual_stage(), 2.5, 5.0)

    assert terminal.text == ""
