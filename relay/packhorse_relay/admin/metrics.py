"""The relay's figures for Prometheus.

Labels come from enums only, so that no stranger can make the number of series grow.
"""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from packhorse.wire.constants import DropReason
from packhorse_relay.admin.access import Verdict
from packhorse_relay.admin.status import Record, Relay
from packhorse_relay.core.connections import ConnectionEnd

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Sources(NamedTuple):
    """Where the figures come from."""

    relay: Relay
    record: Record
    cpu: Callable[[], float]
    """CPU seconds of this process."""
    requests: Callable[[Verdict], int]
    """Requests to the admin listener, by what became of them."""


class RelayCollector(Collector):
    """Reads the figures when they are asked for."""

    def __init__(self, sources: Sources) -> None:
        self._from = sources

    def collect(self) -> Iterator[Metric]:
        """Return every metric; their number never changes."""
        yield from self._totals()
        yield from self._gauges()
        yield self._build()

    def _totals(self) -> Iterator[Metric]:
        relay = self._from.relay
        yield _counter("datagrams_forwarded", "Datagrams forwarded.", relay.datagrams_forwarded)
        text = "Data sent to members, looked at once a second."
        yield _counter("data_bytes", text, self._from.record.traffic.octets)
        yield _counter("cpu_seconds", "CPU time of the relay.", self._from.cpu())
        drops, found = _labelled("datagrams_dropped", "Datagrams dropped.", "reason"), relay.drops
        for reason in DropReason:
            drops.add_metric([reason.value], found[reason])
        yield drops
        text = "WebSocket connections refused or ended."
        ends, ended = _labelled("websocket_ends", text, "reason"), relay.websocket_ends
        for cause in ConnectionEnd:
            ends.add_metric([cause.value], ended[cause])
        yield ends
        requests = _labelled("admin_requests", "Requests to the admin listener.", "result")
        for verdict in Verdict:
            requests.add_metric([verdict.value], self._from.requests(verdict))
        yield requests

    def _gauges(self) -> Iterator[Metric]:
        relay, latest = self._from.relay, self._from.record.history.latest()
        nan = float("nan")
        rtt, lag, rss = (latest.rtt, latest.lag, latest.rss) if latest else (None, nan, nan)
        yield _gauge("rooms", "Live rooms.", relay.room_count)
        yield _gauge("members", "Live members.", relay.session_count)
        yield _gauge("rooms_limit", "Live rooms at most.", relay.settings.max_rooms)
        yield _gauge("members_limit", "Live members at most.", relay.settings.max_sessions)
        text = "TCP connections, open WebSockets or not."
        yield _gauge("websocket_connections", text, relay.websocket_count)
        text = "Median of the members' RTT when they joined or moved."
        yield _gauge("member_rtt_seconds", text, nan if rtt is None else rtt)
        yield _gauge("event_loop_lag_seconds", "Lateness of the event loop at worst.", lag)
        yield _gauge("resident_memory_bytes", "Memory of the relay.", rss)
        yield _gauge(
            "start_time_seconds", "When it started.", self._from.record.identity.started_at
        )

    def _build(self) -> Metric:
        build = GaugeMetricFamily(
            "packhorse_build_info", "What runs.", labels=["version", "dataplane"]
        )
        identity = self._from.record.identity
        build.add_metric([identity.version, identity.dataplane], 1)
        return build


class Metrics:
    """Text for Prometheus."""

    def __init__(self, sources: Sources) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(RelayCollector(sources))

    def text(self) -> bytes:
        """Return every metric as it is now."""
        return generate_latest(self._registry)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"packhorse_{name}", text, value=value)


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(f"packhorse_{name}", text, value=value)


def _labelled(name: str, text: str, label: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"packhorse_{name}", text, labels=[label])
