"""The runner of the scenarios sees what an implementation does wrong."""

import sys
from pathlib import Path
from typing import Any

import pytest

from protocol_spec.runner import __main__ as runner
from protocol_spec.runner import payloads
from protocol_spec.runner.judge import ScenarioFailedError, run
from protocol_spec.runner.scenario import (
    SETTINGS,
    Scenario,
    ScenarioFormatError,
    Step,
    all_scenarios,
    load,
)
from protocol_spec.runner.subprocess_adapter import AdapterDiedError, SubprocessAdapter
from tests.support.vectors import Vector
from tests.support.vectors import load as load_vectors

NOTHING: dict[str, Any] = {
    "sent": [],
    "sent_to_all": [],
    "delivered": [],
    "drop": "",
    "next_us": "",
}
MESSAGE = {"mode": "RELIABLE", "channel": "0", "data": "61"}
GOOD = "02 0000 40 0000 61"


class ScriptedAdapter:
    """Answers the commands with what it was given, one after the other."""

    def __init__(self, *replies: dict[str, Any]) -> None:
        self._replies = list(replies)

    def ask(self, command: dict[str, Any]) -> dict[str, Any]:
        """Return the next reply; nothing has happened when there is none."""
        if command["do"] == "start" or not self._replies:
            return NOTHING
        return NOTHING | self._replies.pop(0)


def play(expected: dict[str, Any], *replies: dict[str, Any]) -> None:
    """Push a message at 0 ms, then let 100 ms pass without anything."""
    steps = (Step(0, "push", MESSAGE, expected), Step(100, None, None, {}))
    run(Scenario("a-b", "A.", "16.4", (), dict(SETTINGS), steps), ScriptedAdapter(*replies))


def sent(*texts: str) -> dict[str, Any]:
    """Return a reply with these payloads."""
    return {"sent": [text.replace(" ", "") for text in texts]}


@pytest.mark.parametrize(
    "expected",
    [
        {"sent": [GOOD]},
        {"sent": ["02 0000 44 0000 0001 61"]},
        {"sent": [{"number": "0"}]},
        {"sent": [{"at_ms": "1", "ack": "none", "messages": [{"payload": "61"}]}]},
        {"totals": {"datagrams": "1", "bytes": "1..7", "bytes_so_far": "7"}},
        {"sent": [GOOD], "next_ms": "none"},
    ],
    ids=str,
)
def test_what_was_expected_passes(expected: dict[str, Any]) -> None:
    play(expected, sent(GOOD))


@pytest.mark.parametrize(
    ("expected", "complaint"),
    [
        ({}, "not \\[\\]"),
        ({"sent": [GOOD, GOOD]}, "sent .* not"),
        ({"sent": ["02 0000 40 0000 62"]}, "payload is 61, not 62"),
        ({"sent": ["02 0001 40 0000 61"]}, "number is 0, not 1"),
        ({"sent": [{"asks_ack": "no"}]}, "asks_ack is yes, not no"),
        ({"sent": [{"at_ms": "2"}]}, "at_ms is 0.0, not 2"),
        ({"sent": [{"messages": []}]}, "messages is"),
        ({"sent": [{"messages": "none"}]}, "messages is"),
        ({"sent": [{"ack": {"largest": "0"}}]}, "ack is missing"),
        ({"sent": [GOOD], "delivered": [MESSAGE]}, "delivered \\[\\], not"),
        ({"sent": [GOOD], "drop": "bad_frame"}, "not for \\['bad_frame'\\]"),
        ({"sent": [GOOD], "next_ms": "5"}, "woken at None ms, not at 5"),
        ({"totals": {"datagrams": "2..3"}}, "1 datagrams, not 2..3"),
    ],
    ids=str,
)
def test_what_was_not_expected_fails(expected: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ScenarioFailedError, match=complaint):
        play(expected, sent(GOOD))


@pytest.mark.parametrize(
    "reply",
    [
        {"delivered": [MESSAGE]},
        {"drop": "late_message"},
        {"sent_to_all": ["0000000061"]},
        sent("02 0000 40"),
        sent("04 0000"),
        sent("00 0000 82"),
        sent("00 0000 08 00 61"),
    ],
    ids=str,
)
def test_what_nobody_spoke_of_fails(reply: dict[str, Any]) -> None:
    with pytest.raises(ScenarioFailedError):
        play({}, reply)


def test_what_is_sent_while_time_passes_counts_for_the_next_step() -> None:
    with pytest.raises(ScenarioFailedError, match=r"step 2 at 100 ms"):
        play({"sent": [GOOD]}, sent(GOOD) | {"next_us": "50000"}, sent(GOOD))


def test_implementation_that_wants_to_be_woken_for_ever_fails() -> None:
    asleep = {"next_us": "1000"}

    with pytest.raises(ScenarioFailedError, match="wants to be woken"):
        play({}, *[asleep] * 5000)


def test_bitmap_that_does_not_reach_far_enough_fails() -> None:
    expected = {"sent": [{"ack": {"covers": ["4", "2"]}}]}
    play(expected, sent("01 0000 0004 00 01 02"))

    with pytest.raises(ScenarioFailedError, match=r"lacks \['2'\]"):
        play(expected, sent("01 0000 0004 00 00"))


@pytest.mark.parametrize(
    "vector", load_vectors("frames"), ids=lambda vector: str(getattr(vector, "id", vector))
)
def test_codec_of_the_runner_agrees_with_the_vectors(vector: Vector) -> None:
    if vector.decoded is None:
        with pytest.raises(payloads.PayloadError):
            payloads.decode(vector.data)
        return

    fields = payloads.decode(vector.data)

    assert payloads.decode(payloads.encode(fields)) == fields
    assert [message["payload"] for message in fields["messages"]] == [
        message["payload"] for message in vector.decoded["messages"]
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a: {title: A., section: 16.4, steps: [], more: 1}",
        "a: {title: A., section: 16.4, settings: {window: 1}, steps: []}",
        "a: {title: A., section: 16.4, steps: [{push: {}}]}",
        "a: {title: A., section: 16.4, steps: [{at_ms: 0, push: {}, ping: yes}]}",
        "a: {title: A., section: 16.4, steps: [{at_ms: 0, expect: nothing}]}",
        "a: {title: A., section: 16.4, steps: [{at_ms: 1}, {at_ms: 0}]}",
    ],
)
def test_file_that_is_not_as_described_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "topic.yaml"
    path.write_text(text)

    with pytest.raises(ScenarioFormatError):
        load(path)


def test_scalars_of_a_file_stay_text() -> None:
    steps = [step for scenario in all_scenarios() for step in scenario.steps]

    assert {type(step.expected.get("next_ms", "")) for step in steps} == {str}


def test_process_that_ends_is_noticed() -> None:
    command = [sys.executable, "-c", "pass"]

    with SubprocessAdapter(command) as adapter, pytest.raises(AdapterDiedError):
        adapter.ask({"do": "start"})


def test_process_that_does_nothing_fails_by_the_exit_code(
    capsys: pytest.CaptureFixture[str],
) -> None:
    reply = '{"sent": [], "sent_to_all": [], "delivered": [], "drop": "", "next_us": ""}'
    idle = f"import sys\nfor line in sys.stdin: print('{reply}', flush=True)"

    exit_code = runner.main(["--only", "sending-one_reliable", sys.executable, "-c", idle])

    assert exit_code == 1
    assert "0 passed, 1 failed" in capsys.readouterr().out
