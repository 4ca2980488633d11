"""Progress on terminals alone, a summary for people, an object for scripts."""

import io
import json

from rich.console import Console

from packhorse.cli.ping_screen import PingScreen, report
from packhorse.cli.ping_tally import PingTally
from packhorse.wire.constants import ErrorCode
from packhorse.wire.errors import SessionClosedByError


def tally_of(*rtts: float, lost: int = 0) -> PingTally:
    tally = PingTally()
    for number, rtt in enumerate(rtts):
        tally.answered(number, rtt)
    for _ in range(lost):
        tally.lost()
    return tally


def shown(tally: PingTally, *remarks: str, is_terminal: bool = False) -> str:
    """Return what is written while pinging and afterwards."""
    file = io.StringIO()
    console = Console(file=file, force_terminal=is_terminal, width=80, _environ={"TERM": "xterm"})
    screen = PingScreen(console, count=10)
    with screen.live():
        screen.draw(tally)
    screen.sum_up("To the host and back:", tally, list(remarks))
    return file.getvalue()


def test_summary_has_counts_and_times() -> None:
    assert shown(tally_of(0.020, 0.030, 0.022, lost=1)).splitlines() == [
        "To the host and back:",
        "4 sent, 3 received, 25 % loss",
        "RTT in ms: min 20.00  median 22.00  p99 30.00  max 30.00  jitter 9.00",
    ]


def test_summary_without_answers_has_no_times() -> None:
    assert shown(tally_of(lost=2), "Ended early.").splitlines() == [
        "To the host and back:",
        "2 sent, 0 received, 100 % loss",
        "Ended early.",
    ]


def test_terminal_shows_progress_meanwhile_and_removes_it() -> None:
    text = shown(tally_of(0.020, 0.030), is_terminal=True)

    assert "2/10" in text
    assert "RTT 30.0 ms  loss 0 %" in text
    assert "\x1b[?25h" in text  # the cursor is visible again


def test_terminal_has_nothing_to_show_before_the_first_answer() -> None:
    assert "RTT -  loss 100 %" in shown(tally_of(lost=1), is_terminal=True)


def test_report_is_one_object() -> None:
    text = report(tally_of(0.020, 0.030), {"event": "ping", "target": "host"}, None)

    assert json.loads(text) == {
        "event": "ping",
        "target": "host",
        "sent": 2,
        "received": 2,
        "loss": 0.0,
        "rtt_ms": {"min": 20.0, "median": 25.0, "p99": 30.0, "max": 30.0},
        "jitter_ms": 10.0,
    }


def test_report_of_a_failure_has_the_error_and_its_advice() -> None:
    told = json.loads(report(PingTally(), {}, SessionClosedByError(ErrorCode.ROOM_CLOSED)))

    assert (told["sent"], told["rtt_ms"], told["jitter_ms"]) == (0, None, None)
    assert told["error"] == "the host closed the room"
    assert told["advice"] == "ask the host for a new code"
