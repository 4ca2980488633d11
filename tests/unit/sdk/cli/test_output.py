"""JSON lines for scripts, text for people, a status line for terminals alone."""

import io
import json

import pytest
from rich.console import Console
from rich.table import Table

from packhorse.cli.output import JsonOutput, TextOutput, new_output, table_console
from packhorse.core.events import Joined, PeerId, PeerJoined
from packhorse.middleman.traffic import TcpTraffic, Traffic
from packhorse.wire.constants import ErrorCode
from packhorse.wire.errors import JoinDeniedError, SessionClosedByError


def text_output(*, is_terminal: bool) -> tuple[TextOutput, io.StringIO]:
    file = io.StringIO()
    console = Console(
        file=file,
        force_terminal=is_terminal,
        width=60,
        highlight=False,
        soft_wrap=True,
        _environ={},
    )
    return TextOutput(console), file


def json_lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    output = JsonOutput()

    output.announce({"event": "room", "code": "K7QM-2XPA"}, "not this")
    output.tell(PeerJoined(PeerId(2)))
    output.show_status("not this either")
    output.close(Traffic(to_room=1), None)

    assert json_lines(capsys) == [
        {"event": "room", "code": "K7QM-2XPA"},
        {"event": "peer_joined", "peer": 2},
        {"event": "closed", "to_room": 1, "from_room": 0, "drops": {}},
    ]


def test_json_sums_up_tcp_where_it_is_carried(capsys: pytest.CaptureFixture[str]) -> None:
    tcp = TcpTraffic(connections=2, refused=1, bytes_to_room=10, bytes_from_room=20)

    JsonOutput().close(Traffic(has_tcp=True, tcp=tcp), None)

    (line,) = json_lines(capsys)
    assert line["tcp"] == {
        "connections": 2,
        "open": 0,
        "refused": 1,
        "bytes_to_room": 10,
        "bytes_from_room": 20,
    }


def test_json_tells_the_error_with_its_advice(capsys: pytest.CaptureFixture[str]) -> None:
    JsonOutput().close(Traffic(), JoinDeniedError(ErrorCode.JOIN_DENIED, "joining the room"))

    (line,) = json_lines(capsys)
    assert line["error"] == "there is no such room or it does not admit you"
    assert line["stage"] == "joining the room"
    assert "compare code" in str(line["advice"])


def test_text_in_a_pipe_has_neither_status_nor_colour() -> None:
    output, file = text_output(is_terminal=False)

    output.announce({}, "up")
    output.tell(PeerJoined(PeerId(2)))
    output.tell(Joined())
    output.close(Traffic(), None)

    assert not output.has_status
    up, joined, carried = file.getvalue().splitlines()
    assert (up, joined[8:]) == ("up", "  peer 2 joined")
    assert carried.startswith("Carried 0 datagrams")
    assert "\x1b" not in file.getvalue()


def test_long_lines_are_not_broken() -> None:
    output, file = text_output(is_terminal=False)

    output.announce({}, "word " * 40)

    assert len(file.getvalue().splitlines()) == 1


def test_terminal_has_a_status_line_that_is_gone_at_the_end() -> None:
    output, file = text_output(is_terminal=True)
    output.announce({}, "up")

    output.show_status("first")
    output.show_status("second " * 20)
    output.close(Traffic(), SessionClosedByError(ErrorCode.ROOM_CLOSED))

    assert output.has_status
    shown = file.getvalue()
    assert "first" in shown
    assert "…" in shown
    assert shown.rstrip().endswith("dropped: none.")
    assert "\x1b[?25h" in shown  # the cursor is visible again


def test_status_that_has_not_changed_is_not_written_over_what_is_typed() -> None:
    output, file = text_output(is_terminal=True)
    output.show_status("same")
    written = file.getvalue()

    output.show_status("same")

    assert file.getvalue() == written
    output.show_status("other")
    assert "other" in file.getvalue()


def test_command_that_never_was_up_has_nothing_to_sum_up() -> None:
    output, file = text_output(is_terminal=True)

    output.close(Traffic(), JoinDeniedError(ErrorCode.JOIN_DENIED))

    assert file.getvalue() == ""


def test_user_chooses_the_output() -> None:
    assert isinstance(new_output(is_json=True), JsonOutput)
    assert isinstance(new_output(is_json=False), TextOutput)


def test_table_is_not_cut_where_standard_output_is_no_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    table = Table("address")
    table.add_row("x" * 300)

    table_console().print(table)

    assert "x" * 300 in capsys.readouterr().out


def test_table_keeps_to_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("FORCE_COLOR", "1")

    assert table_console().width == 40
