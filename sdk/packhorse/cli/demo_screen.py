"""How the demo looks on a terminal: a live table while it runs, a summary at its end."""

import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from packhorse.cli.demo_pings import PingClient, PingSeries
from packhorse.cli.demo_stage import Stage
from packhorse.cli.rtt_summary import RttSummary

_BARS: Final = "▁▂▃▄▅▆▇█"
_GRAPH_FROM: Final = 56  # columns that the live table needs beside its graph
_MAX_GRAPH: Final = 60  # pings
_SUMMARY_WIDTH: Final = 76  # columns
_COLUMNS: Final = ("sent", "received", "loss", "min", "median", "p99", "max", "jitter")
_SPARED: Final = frozenset({"sent", "min", "jitter"})  # where the terminal is too narrow
_MIN_SCALE: Final = 0.001  # seconds that fill the graph at least, so that noise looks small
_SCALE_MEDIANS: Final = 3  # medians that fill the graph; an outlier is cut, the rest stays visible
_COSTS_NOTHING: Final = 0.00001  # seconds; less than that is noise


class DemoScreen:
    """Writes to a console; says nothing while the demo runs when that is no terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._is_live = console.is_terminal and not console.is_dumb_terminal
        self._live: Live | None = None

    @contextmanager
    def live(self) -> Iterator[None]:
        """Show what `draw` gives until the end of the block, then remove it."""
        if not self._is_live:
            yield
            return
        with Live(console=self._console, auto_refresh=False, transient=True) as self._live:
            yield

    def draw(self, stage: Stage, elapsed: float, seconds: float) -> None:
        """Show how far the demo is, `elapsed` of `seconds`."""
        if self._live is not None:
            self._live.update(self._progress(stage, elapsed, seconds), refresh=True)

    def sum_up(self, stage: Stage) -> None:
        """Show the summary."""
        self._console.print(
            _title(stage), "", _summary_table(stage.clients, self._console.width), "", sep="\n"
        )
        self._console.print(_sentence(stage.clients), highlight=False)
        self._console.print("", _NEXT, sep="\n", highlight=False, soft_wrap=True)

    def _progress(self, stage: Stage, elapsed: float, seconds: float) -> RenderableType:
        bar = ProgressBar(
            total=seconds,
            completed=min(elapsed, seconds),
            width=_SUMMARY_WIDTH,
            complete_style="green",
        )
        return Group(_title(stage), "", self._live_table(stage.clients), "", bar)

    def _live_table(self, clients: Sequence[PingClient]) -> Table:
        table = _table()
        for name in ("sent", "received"):
            table.add_column(name, justify="right", width=8)
        table.add_column("RTT ms", justify="right", width=7)
        graph_size = max(1, min(self._console.width - _GRAPH_FROM, _MAX_GRAPH))
        if self._console.encoding.startswith("utf") and graph_size >= len("latest pings"):
            table.add_column("latest pings", no_wrap=True)
        shown = [rtt for client in clients for rtt in client.pings.rtts[-graph_size:]]
        scale = max(_MIN_SCALE, _SCALE_MEDIANS * statistics.median(shown or [0.0]))
        for client in clients:
            rtts = client.pings.rtts
            latest = _ms(rtts[-1]) if rtts else "-"
            counts = (str(client.pings.sent), str(client.pings.received))
            graph = Text(_graph(rtts[-graph_size:], scale), style="green")
            cells = (client.name, _way(client), *counts, Text(latest, style="bold"), graph)
            table.add_row(*cells[: len(table.columns)])
        return table


def _title(stage: Stage) -> Text:
    return Text.assemble(("Packhorse demo", "bold"), f"  relay {stage.address}, room {stage.code}")


def _table() -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("client", overflow="fold")
    table.add_column("way", overflow="fold", style="cyan")
    return table


def _summary_table(clients: Sequence[PingClient], width: int) -> Table:
    names = [name for name in _COLUMNS if width >= _SUMMARY_WIDTH or name not in _SPARED]
    table = _table()
    for name in names:
        table.add_column(name, justify="right", overflow="fold")
    table.caption = "times: RTT in milliseconds, from the client to the echo server and back"
    for client in clients:
        cells = dict(zip(_COLUMNS, _cells(client.pings), strict=True))
        table.add_row(client.name, _way(client), *(cells[name] for name in names))
    return table


def _cells(pings: PingSeries) -> tuple[str, ...]:
    counts = (str(pings.sent), str(pings.received), _percent(pings.loss))
    return counts + _times(pings.summary())


def _way(client: PingClient) -> str:
    return {"middleman": "middleman", "sdk": "SDK"}[client.way]


def _times(rtt: RttSummary | None) -> tuple[str, ...]:
    if rtt is None:
        return ("-",) * 5
    return tuple(map(_ms, (rtt.min, rtt.median, rtt.p99, rtt.max, rtt.jitter)))


def _graph(rtts: Sequence[float], scale: float) -> str:
    top = len(_BARS) - 1
    return "".join(_BARS[min(top, int(rtt / scale * top))] for rtt in rtts)


def _sentence(clients: Sequence[PingClient]) -> str:
    sent = sum(client.pings.sent for client in clients)
    received = sum(client.pings.received for client in clients)
    back = f"All {sent} pings" if received == sent else f"{received} of {sent} pings"
    return f"{back} came back through the relay{_cost(clients)}."


def _cost(clients: Sequence[PingClient]) -> str:
    """Return what a middleman costs a client, as the end of a sentence."""
    medians = {
        client.way: rtt.median for client in clients if (rtt := client.pings.summary()) is not None
    }
    if medians.keys() != {"middleman", "sdk"}:
        return ""
    cost = medians["middleman"] - medians["sdk"]
    if cost < _COSTS_NOTHING:
        return "; the middleman of the UDP game cost it no time that can be measured"
    return f"; the middleman of the UDP game cost it {_ms(cost)} ms of RTT"


def _percent(fraction: float) -> str:
    return f"{fraction * 100:.3g} %"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f}"


_NEXT: Final = Text.assemble(
    "Next, with a game of yours that uses UDP and a friend:\n",
    ("  packhorse relay", "bold"),
    "                               on a machine you both reach\n",
    ("  packhorse host --relay RELAY --udp PORT", "bold"),
    "       at the game's server: gives CODE\n",
    ("  packhorse join CODE --relay RELAY --udp PORT", "bold"),
    "  at your friend's",
)
