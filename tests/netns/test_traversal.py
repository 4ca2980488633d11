"""Members behind routers of all kinds: who reaches whom directly, and what that costs."""

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.certificate import make_certificate
from tests.support.nat_kinds import Kind
from tests.support.nat_lab import PUBLIC, Home, Internet, Line, Plan
from tests.support.processes import Started
from tests.support.traversal import (
    PORT,
    RELAY,
    Run,
    median_after_offers,
    open_rooms,
    results,
    run_pair,
    start_member,
    start_relay,
)
from tests.support.traversal_cases import PAIRS, SPECIAL, Case
from tests.support.traversal_matrix import DELAYED, FIRST_BYTE, LIMIT, LOSSY
from tests.support.traversal_report import NoteCell

HOME = Plan(Kind.PORT_RESTRICTED)
ENOUGH = 0.95  # of 20 runs
AT_ONCE = 4  # laboratories
FIBRE = Line(delay=0.01)
SELECTION = [
    PAIRS[Kind.FULL_CONE, Kind.SYMMETRIC_RANDOM],
    PAIRS[Kind.ADDRESS_RESTRICTED, Kind.SYMMETRIC_BY_ADDRESS],
    PAIRS[Kind.PORT_RESTRICTED, Kind.PORT_RESTRICTED],
    PAIRS[Kind.PORT_RESTRICTED, Kind.SYMMETRIC_RANDOM],
    PAIRS[Kind.FULL_CONE, Kind.UDP_BLOCKED],
    *(
        case
        for case in SPECIAL
        if case.name
        in {
            "port-restricted without guard, both sides",
            "the same carrier, with hairpin",
            "the same carrier, without hairpin",
            "IPv6 stateful x IPv6 stateful",
            "IPv6 only x IPv4 only",
        }
    ),
]

pytestmark = pytest.mark.usefixtures("netns")


def assert_nothing_lost(run: Run) -> None:
    assert (run.lost, run.doubled, run.disordered) == (0, 0, 0)


def note(note_cell: NoteCell, case: Case, runs: Sequence[Run]) -> None:
    wanted = "direct" if case.is_direct else "relay"
    note_cell(f"UDP: {case.name}", wanted, [run.is_direct is case.is_direct for run in runs])


@pytest.fixture(scope="module")
def selected() -> dict[str, Run]:
    """Run the cases of the selection beside each other: mostly they wait."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        runs = pool.map(lambda case: case.run(1), SELECTION)
        return {case.name: run for case, (run,) in zip(SELECTION, runs, strict=True)}


@pytest.mark.parametrize("case", SELECTION, ids=lambda case: case.name)
def test_pair_reaches_its_class(case: Case, selected: dict[str, Run], note_cell: NoteCell) -> None:
    """RFC 5128; reliable messages are neither lost nor doubled on the way."""
    run = selected[case.name]
    note(note_cell, case, [run])
    assert run.is_direct is case.is_direct
    assert_nothing_lost(run)


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("line", [DELAYED, LOSSY], ids=["delay", "delay-and-loss"])
@pytest.mark.parametrize("case", [*PAIRS.values(), *SPECIAL], ids=lambda case: case.name)
def test_pair_reaches_its_class_nearly_always(case: Case, line: Line, note_cell: NoteCell) -> None:
    runs = case.run(20, line)
    note(note_cell, case, runs)
    assert sum(run.is_direct is case.is_direct for run in runs) >= ENOUGH * len(runs)
    for run in runs:
        assert_nothing_lost(run)


@pytest.mark.quiet
def test_direct_path_does_not_keep_the_first_message_waiting() -> None:
    """Three round trips and 150 ms from when both know addresses of each other."""
    with Internet(HOME, HOME, line=DELAYED) as lab:
        start_relay(lab)
        runs = run_pair(lab, 5)
    assert max(run.first_byte for run in runs) <= FIRST_BYTE
    middle = median_after_offers(runs)
    assert middle is not None
    assert middle <= LIMIT


def test_members_in_one_home_use_its_network(note_cell: NoteCell) -> None:
    case = next(case for case in SPECIAL if case.name == "the same LAN")
    (run,) = case.run(1)
    note(note_cell, case, [run])
    for path in run.paths:
        assert path is not None
        assert path.startswith("192.168.1.1")


def test_moving_to_a_faster_direct_path_loses_and_doubles_nothing() -> None:
    """The relay is behind a line of its own, so what goes directly overtakes what does not."""
    relay_home = Plan(Kind.FULL_CONE_ONE)
    with Internet(HOME, HOME, relay_home, line=Line(delay=0.02)) as lab:
        start_relay(lab, on=lab.homes[2].machine)
        relay = f"{lab.homes[2].router.address}:{PORT}"
        (run,) = run_pair(lab, 1, relays=(relay, relay), options=("--rate", "100"))
    assert run.is_direct
    assert_nothing_lost(run)
    assert run.plain_lost == 0
    assert run.overtaken <= 5 * len(run.paths)  # either way


@pytest.mark.quiet
@pytest.mark.parametrize(
    "change",
    [
        Home.forget_mappings,
        Home.change_port,
        Home.change_address,
        Home.cut_direct_paths,
    ],
)
def test_change_of_the_direct_path_costs_half_a_second(change: Callable[[Home], None]) -> None:
    """DIR-7: reliable messages are not lost, and others not for longer than that."""
    with Internet(HOME, HOME, line=FIBRE) as lab:
        start_relay(lab)
        host, joiner = meet(lab, linger=4.5)
        joiner.wait_for('"path"')
        host.wait_for('"path"')
        time.sleep(0.5)
        change(lab.homes[1])
        (run,) = results(host, joiner, 1)
    assert_nothing_lost(run)
    assert run.gap <= 0.5


@pytest.mark.parametrize(
    ("block", "stays_direct"),
    [
        pytest.param(Home.block_udp, False, marks=pytest.mark.slow),
        (Home.block_udp_to_relay, True),
    ],
)
def test_udp_that_is_blocked_while_both_talk_costs_no_reliable_message(
    block: Callable[[Home], None], *, stays_direct: bool
) -> None:
    """The relay is reached by WebSocket then; the direct path stays where it can."""
    with Internet(HOME, HOME) as lab:
        start_relay(lab)
        host, joiner = meet(lab, linger=12.0)
        joiner.wait_for('"path"')
        host.wait_for('"path"')
        block(lab.homes[1])
        (run,) = results(host, joiner, 1)
    assert_nothing_lost(run)
    assert run.relay == "relay_websocket"
    assert run.is_direct is stays_direct


@pytest.mark.quiet
def test_network_that_lets_out_only_tcp_443_is_served_over_tls_within_two_seconds(
    tmp_path: Path,
) -> None:
    cert, key = make_certificate(tmp_path, name="relay", address=PUBLIC[0])
    with Internet(HOME, Plan(Kind.ONLY_443), line=DELAYED) as lab:
        start_relay(lab, "--tls-cert", str(cert), "--tls-key", str(key), port=443)
        relay = f"{PUBLIC[0]}:443"
        host, joiner = meet(lab, relay=relay, patience=1.0, env={"SSL_CERT_FILE": str(cert)})
        ready = json.loads(joiner.wait_for('"ready"'))
        (run,) = results(host, joiner, 1)
    assert run.relay == "relay_websocket"
    assert ready["took"] <= 2.0
    assert_nothing_lost(run)


def meet(
    lab: Internet,
    *,
    linger: float = 1.0,
    patience: float = 6.0,
    relay: str = RELAY,
    env: dict[str, str] | None = None,
) -> tuple[Started, Started]:
    """Start a host and a joiner that stays so many seconds after it has a direct path."""
    options = ("--verbose", "--rate", "50")
    host = start_member(lab, lab.homes[0].machine, *options, relay=relay, env=env)
    waiting = ("--linger", str(linger), "--patience", str(patience))
    joining = ("--codes", open_rooms(host), *waiting, *options)
    joiner = start_member(lab, lab.homes[1].machine, *joining, relay=relay, env=env)
    return host, joiner
