"""Options of the doors of a room."""

import argparse

import pytest

from packhorse.cli.door_options import member_name, names
from packhorse.cli.main import main

HOST = ["host", "--relay", "relay.example", "--udp", "6942"]


def test_names_have_commas_between_them() -> None:
    assert names("Ann, Bob Li ,Zoë") == {"Ann", "Bob Li", "Zoë"}


@pytest.mark.parametrize("text", ["", "Ann,,Bob", "Ann,", "ü" * 33])
def test_name_that_nobody_can_have_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=r"1\.\.64 bytes"):
        names(text)


def test_name_may_have_64_bytes() -> None:
    assert member_name("ü" * 32) == "ü" * 32


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--approve"], "nobody can be asked, because standard input is no terminal"),
        (["--legacy", "--locked"], "--legacy: has no doors"),
        (["--legacy", "--approve-names", "Ann"], "--legacy: has no doors"),
        (["--legacy", "--commands"], "--legacy: has no doors"),
    ],
)
def test_doors_that_cannot_be_kept_end_with_code_2(
    arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main([*HOST, *arguments])

    assert caught.value.code == 2
    assert reason in " ".join(capsys.readouterr().err.split())


def test_closed_standard_input_asks_nobody(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", None)

    with pytest.raises(SystemExit):
        main([*HOST, "--approve", "--commands"])

    assert "--approve: nobody can be asked" in " ".join(capsys.readouterr().err.split())
