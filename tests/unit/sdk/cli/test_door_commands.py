"""What can be typed at a running host."""

import pytest

from packhorse.cli.door_commands import (
    HELP,
    Answer,
    Command,
    Kick,
    Lock,
    ShowHelp,
    ShowMembers,
    parse_command,
)
from packhorse.wire.errors import ConfigurationError


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("lock", Lock(locked=True)),
        ("  UnLock \r", Lock(locked=False)),
        ("list", ShowMembers()),
        ("help", ShowHelp()),
        ("?", ShowHelp()),
        ("kick 3", Kick(3, ban=False)),
        ("ban   4294967295", Kick(4294967295, ban=True)),
        ("y", Answer(admit=True, request=None)),
        ("No 17", Answer(admit=False, request=17)),
        (" \t", None),
    ],
)
def test_line_is_a_command(line: str, command: Command | None) -> None:
    assert parse_command(line) == command


@pytest.mark.parametrize(
    "line",
    [
        "lock now",
        "kick",
        "kick 0",
        "kick -1",
        "kick \N{FULLWIDTH DIGIT TWO}",
        "kick 4294967296",
        "y two",
        "quit",
        "\x1b[A",
    ],
)
def test_line_that_is_no_command_is_refused_with_advice(line: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_command(line)

    assert caught.value.advice
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("word", ["kick", "ban"])
def test_command_without_a_peer_asks_whom(word: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{word} needs a peer") as caught:
        parse_command(word)

    assert f"{word} 2" in caught.value.advice


def test_long_line_is_not_repeated_in_full() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_command("x" * 100_000)

    assert len(str(caught.value)) < 100


def test_huge_number_is_not_even_read() -> None:
    """Python refuses to parse numbers of more than 4300 digits with another error."""
    with pytest.raises(ConfigurationError):
        parse_command("kick " + "9" * 5000)


def test_help_names_every_command() -> None:
    words = {line.split(" ")[0].rstrip(",") for line in HELP.splitlines()}

    assert words == {"lock", "unlock", "list", "kick", "ban", "y", "n", "help", "Ctrl-C"}
