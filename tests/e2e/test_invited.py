"""Relays for invited people: keys and tickets from the command line to a room."""

import json
import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import packhorse
from packhorse.cli.main import main
from packhorse.wire.ticket import parse_key
from packhorse_relay.core.tickets import OperatorKeys
from tests.support.relay_process import RelayProcess
from tests.support.relays import address_of, new_relay, patient_settings


def new_key(path: Path) -> str:
    """Make a key by the command; returns what is in the file."""
    assert main(["ticket", "--new-key", str(path)]) == 0
    return path.read_text()


def ticket(path: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    """Make a ticket by the command."""
    capsys.readouterr()
    assert main(["ticket", "--key", str(path), *options]) == 0
    return capsys.readouterr().out.strip()


def test_new_key_is_for_its_owner_only_and_never_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "relay.key"
    key = new_key(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(parse_key(key)) == 32
    assert key.strip() not in capsys.readouterr().out
    assert main(["ticket", "--new-key", str(path)]) == 1
    assert path.read_text() == key
    assert "exist" in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
@pytest.mark.parametrize(
    "command",
    [
        ["ticket", "--key"],
        ["host", "--relay", "127.0.0.1", "--udp", "1", "--access-key-file"],
        ["join", "K7QM2XPA@127.0.0.1", "--udp", "1", "--access-key-file"],
        ["rooms", "--relay", "127.0.0.1", "--access-key-file"],
    ],
    ids=lambda command: command[0],
)
def test_attack_28_key_that_every_user_of_the_machine_may_read_is_not_used(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "relay.key"
    new_key(path)
    path.chmod(0o644)

    assert main([*command, str(path)]) == 1

    told = capsys.readouterr().err
    assert f"others may read {path}" in told
    assert f"chmod o-rwx {path}" in told


async def test_ticket_of_the_command_opens_a_room_and_nothing_else_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "relay.key"
    new_key(path)
    access = packhorse.Access(ticket=ticket(path, capsys, "--max-peers", "3"))
    joining = packhorse.Access(ticket=ticket(path, capsys, "--allow", "join"))
    keys = ["--ticket-key", str(path), "--tickets", "all"]
    with RelayProcess(*keys) as relay:
        async with packhorse.host(relay.address, access=access) as host:
            async with packhorse.join(relay.address, host.code, access=joining) as guest:
                assert guest.peer_id == 2
            with pytest.raises(packhorse.TicketError) as refused:
                async with packhorse.join(relay.address, host.code):
                    pass
        assert refused.value.code is packhorse.ErrorCode.TICKET_REQUIRED
        with pytest.raises(packhorse.TicketError) as refused:
            async with packhorse.host(relay.address, access=joining):
                pass
        assert refused.value.code is packhorse.ErrorCode.TICKET_INVALID
        assert "operator" in refused.value.advice


async def test_access_key_of_a_file_opens_a_room(tmp_path: Path) -> None:
    text = new_key(tmp_path / "access.key")
    keys = OperatorKeys(access_key=parse_key(text))
    async with new_relay(
        settings=replace(patient_settings(), tickets="create"), keys=keys
    ) as relay:
        async with packhorse.host(address_of(relay), access=packhorse.Access(key=text)) as host:
            assert host.is_host
        with pytest.raises(packhorse.TicketError):
            async with packhorse.host(address_of(relay)):
                pass


def test_json_of_the_command_says_what_the_ticket_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "relay.key"
    new_key(path)
    told = json.loads(ticket(path, capsys, "--json", "--app", "tag", "--allow", "create"))

    assert (told["allow"], told["app"], told["max_peers"]) == (["create"], "tag", None)


@pytest.mark.parametrize(
    "options",
    [
        ["--tickets", "create"],
        ["--profile", "public"],
        ["--set", "tickets=all", "--check-config"],
        ["--ticket-key", "/nowhere"],
    ],
)
def test_relay_without_a_key_refuses_to_start_with_advice(options: list[str]) -> None:
    command = [sys.executable, "-m", "packhorse", "relay", "--port", "0", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)

    assert done.returncode == 1
    assert "packhorse ticket --new-key" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("text", ["", "30", "0d", "d", "-1d", "99999d", "3y"])
def test_time_that_is_none_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["ticket", "--key", "x", f"--expires={text}"])

    assert "12h, 30d or 4w" in capsys.readouterr().err
