"""A mistake on the command line is the first thing that is told."""

import pytest

from packhorse.cli.main import main


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    with pytest.raises(SystemExit) as caught:
        main([*arguments])
    assert caught.value.code == 2
    return capsys.readouterr().err.splitlines()


def test_mistake_is_told_in_two_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "host", "--relay", "127.0.0.1") == [
        "error: --udp or --tcp: at least one is needed",
        "advice: packhorse host --help shows what can be given",
    ]


def test_option_that_is_nearly_right_is_suggested(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "relay", "--prot=7000") == [
        "error: --prot=7000 is not known here; did you mean --port?",
        "advice: packhorse relay --help shows what can be given",
    ]


def test_what_resembles_nothing_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "version", "please")[0] == "error: please is not known here"


def test_unknown_command_is_told_with_all_commands(capsys: pytest.CaptureFixture[str]) -> None:
    error, advice = told(capsys, "rely")

    assert "'rely'" in error
    assert "relay" in error
    assert advice == "advice: packhorse --help shows what can be given"


def test_help_leaves_names_as_they_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["doctor", "--help"])

    assert "Examine the way to a relay, and the NAT on it." in capsys.readouterr().out
