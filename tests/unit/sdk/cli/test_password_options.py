"""Where the password of a room comes from."""

import argparse
import getpass
import warnings
from pathlib import Path

import pytest

from packhorse.cli.main import main
from packhorse.cli.password_options import (
    add_password_arguments,
    password_of,
    prepare_password,
)
from packhorse.wire.errors import ConfigurationError


def given(*options: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_password_arguments(parser, "password of the room")
    return parser.parse_args(options)


def test_password_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return "secret"

    monkeypatch.setattr(getpass, "getpass", ask)
    args = given("--ask-password")

    prepare_password(args)

    assert password_of(args) == "secret"
    assert asked == ["Password of the room: "]


def test_ctrl_c_at_the_question_ends_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_prompt: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(getpass, "getpass", interrupt)

    assert main(["host", "--relay", "127.0.0.1:9", "--udp", "6942", "--ask-password"]) == 130


def test_nobody_is_asked_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    def fall_back(_prompt: str) -> str:
        warnings.warn("Can not control echo", getpass.GetPassWarning, stacklevel=2)
        raise EOFError

    monkeypatch.setattr(getpass, "getpass", fall_back)

    with pytest.raises(ConfigurationError, match="no terminal") as caught:
        prepare_password(given("--ask-password"))
    assert "--password-file" in caught.value.advice


def test_end_of_input_at_the_question_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def end(_prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr(getpass, "getpass", end)

    with pytest.raises(ConfigurationError, match="no password was typed"):
        prepare_password(given("--ask-password"))


def test_file_has_the_password_in_its_first_line(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_bytes(b"secret\r\nmore\n")
    args = given("--password-file", str(file))

    prepare_password(args)

    assert password_of(args) == "secret"


def test_empty_password_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="the password is empty"):
        password_of(given("--password", ""))


@pytest.mark.parametrize("options", [["--password", "x"], ["--ask-password"]])
def test_legacy_room_takes_no_password(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A room that everybody enters must not look as if it had a password."""
    with pytest.raises(SystemExit) as caught:
        main(["host", "--legacy", "--relay", "127.0.0.1", "--udp", "6942", *options])

    assert caught.value.code == 2
    assert "--legacy: has no passwords" in capsys.readouterr().err
