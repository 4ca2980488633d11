"""Tests of how `packhorse rooms` finds the admin listener, and when it keeps the token."""

import os
from io import BytesIO
from pathlib import Path
from unittest.mock import patch

import pytest

from packhorse.cli import rooms_command
from packhorse.cli.main import main
from packhorse.cli.rooms_command import admin_url, fetch
from packhorse.wire.errors import ConfigurationError


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("6970", "http://127.0.0.1:6970"),
        ("127.0.0.1:6970", "http://127.0.0.1:6970"),
        ("[::1]:6970", "http://[::1]:6970"),
        ("https://relay.example/admin/", "https://relay.example/admin"),
    ],
)
def test_admin_listener_is_named_in_three_ways(text: str, url: str) -> None:
    assert admin_url(text) == url


@pytest.mark.parametrize(
    "text", ["", "http://", "ftp://x", "x:99999", "x:y", "http://user@x/", "0", "[::1"]
)
def test_what_names_no_listener_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="names no admin listener"):
        admin_url(text)


@pytest.mark.parametrize("url", ["http://relay.example", "http://192.0.2.1:6970"])
def test_token_is_not_sent_in_the_clear_to_another_machine(url: str) -> None:
    """Attack 28: whoever is on the way reads the token. Nothing is sent at all."""
    with pytest.raises(ConfigurationError, match="in the clear") as caught:
        fetch(url, "token", reveal=False)

    assert "https" in caught.value.advice


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--relay", "x", "--reveal"], "--reveal: cannot be given together with --relay"),
        (["--relay", "x", "--admin", "6970"], "--admin: cannot be given together with --relay"),
        (["--ticket", "AAAA"], "--ticket: needs --relay"),
        (["--access-key-file", "x"], "--access-key-file: needs --relay"),
    ],
)
def test_public_rooms_and_those_of_the_own_relay_do_not_mix(
    options: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["rooms", *options])

    assert problem in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_attack_28_token_that_every_user_of_the_machine_may_read_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "admin-token"
    file.write_text("t" * 32, "ascii")
    file.chmod(0o644)

    assert main(["rooms", "--token-file", str(file)]) == 1

    assert f"others may read {file}" in capsys.readouterr().err


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[" * 100_000,
        b'{"room_list": 1}',
        b'{"room_list": [], "started_at": "x", "listening": 1}',
        b'{"room_list": [{}], "started_at": 1e400, "version": "1", "listening": []}',
    ],
    ids=["nothing", "nested", "number", "wrong types", "endless"],
)
def test_attack_25_answer_that_is_no_status_is_a_failure_with_advice(
    body: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another server at that address, or a hostile one, ends the command in order."""
    with patch.object(rooms_command._OPENER, "open", return_value=BytesIO(body)):
        assert main(["rooms"]) == 1

    assert "gave no status" in capsys.readouterr().err


def test_what_cannot_be_a_name_is_told_with_advice(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rooms", "--admin", "http://no..where:6970"]) == 1

    told = capsys.readouterr().err
    assert "error: failed while asking the relay for its status: http://no..where:6970" in told
    assert "advice: start the relay" in told
