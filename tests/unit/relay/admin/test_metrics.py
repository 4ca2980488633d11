"""Tests of the metrics: names, values, and a number of series that nobody can change."""

from collections import Counter
from random import Random

from prometheus_client.parser import text_string_to_metric_families

from packhorse.wire.constants import DropReason
from packhorse_relay.admin.access import Verdict
from packhorse_relay.admin.history import Counts, Gauges, History
from packhorse_relay.admin.metrics import Metrics, Sources
from packhorse_relay.admin.status import Record
from packhorse_relay.admin.traffic import Traffic
from tests.support.relay_double import IDENTITY, CoreAsRelay
from tests.support.relay_harness import UNLIMITED, Rig, address


def metrics(rig: Rig, requests: Counter[Verdict] | None = None) -> Metrics:
    history = History(Counts(0, 0, 0.0, 0.0), now=0.0)
    history.add(Counts(0, 0, 0.0, 0.0), Gauges(0, 0, 0, 0.25, 0.5, 4096), now=1.0)
    counted = requests or Counter()
    traffic = Traffic(now=0.0)
    traffic.look(rig.core.rooms, now=1.0)
    record = Record(IDENTITY, history, traffic)
    return Metrics(Sources(CoreAsRelay(rig), record, lambda: 1.5, lambda verdict: counted[verdict]))


def series(each: Metrics) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(each.text().decode())
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


def test_metrics_tell_what_the_relay_counts() -> None:
    rig = Rig()
    _, client = rig.room(2)
    client.send(client.data(1))
    client.send(b"x")

    told = series(metrics(rig, Counter({Verdict.UNAUTHORIZED: 3})))

    assert told["packhorse_rooms",] == 1
    assert told["packhorse_members",] == 2
    assert told["packhorse_datagrams_forwarded_total",] == 1
    assert told["packhorse_datagrams_dropped_total", "too_short"] == 1
    assert told["packhorse_admin_requests_total", "unauthorized"] == 3
    assert told["packhorse_cpu_seconds_total",] == 1.5
    assert told["packhorse_data_bytes_total",] == len(client.data(1))
    assert told["packhorse_websocket_connections",] == 3
    assert told["packhorse_websocket_ends_total", "stalled"] == 2
    assert told["packhorse_websocket_ends_total", "too_many"] == 0
    assert told["packhorse_event_loop_lag_seconds",] == 0.5
    assert told["packhorse_member_rtt_seconds",] == 0.25
    assert told["packhorse_build_info", "1.2.3", "portable"] == 1


def test_every_drop_reason_has_its_series_from_the_start() -> None:
    told = series(metrics(Rig()))

    reasons = {key[1] for key in told if key[0] == "packhorse_datagrams_dropped_total"}
    assert reasons == {reason.value for reason in DropReason}


def test_metric_cardinality_stays_constant_under_fuzz() -> None:
    """Attack 26: a stranger makes the number of series grow."""
    rig = Rig(UNLIMITED)
    watched = metrics(rig)
    before = series(watched).keys()
    random = Random(26)  # noqa: S311 - repeatable by design
    for number in range(20):
        rig.room(3, first=10 * number)
    for number in range(5000):
        rig.send(random.randbytes(random.randrange(80)), address(number))

    assert series(watched).keys() == before
