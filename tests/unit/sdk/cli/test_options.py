"""What `packhorse host` and `packhorse join` take and refuse, with code 2 and a reason."""

import pytest

from packhorse.cli import host, join, options
from packhorse.cli.main import main
from packhorse.wire.errors import ConfigurationError


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("host --udp 6942", "--relay"),
        ("host --relay r", "--udp or --tcp: at least one is needed"),
        ("host --relay r --udp 0", "no port in 1..65535"),
        ("host --relay r --tcp 0", "no port in 1..65535"),
        ("host --relay r" + 17 * " --udp 1", "--udp: given 17 times, must be at most 16"),
        ("host --relay r" + 65 * " --tcp 1", "--tcp: given 65 times, must be at most 64"),
        ("host --relay r --udp 1 --udp 2 --legacy", "one --udp and no --tcp"),
        ("host --relay r --udp 1 --tcp 2 --legacy", "one --udp and no --tcp"),
        ("host --relay r:0 --udp 6942", "no port in 1..65535"),
        ("host --relay r --udp 6942 --max-peers 1", "no whole number in 2..1024"),
        ("host --relay r --udp 6942 --max-peers 1025", "no whole number in 2..1024"),
        ("host --relay r --udp 6942 --max-peers x", "no whole number in 2..1024"),
        ("host --relay r --udp 6942 --idle-timeout 0", "no number of seconds"),
        ("host --relay r --udp 6942 --timeout nan", "no number of seconds, 0.1..600"),
        ("host --relay r --udp 6942 --timeout x", "no number of seconds"),
        ("host --relay r --udp 6942 --legacy --max-peers 4", "--max-peers"),
        ("join --relay r --udp 6970", "CODE: give the code"),
        ("join K7QM-2XPA --udp 6970", "--relay: needed"),
        ("join K7QM-2XPA@r --relay s --udp 1", "the invite names another relay, r:6969"),
        ("join K7QM-2XP --relay r --udp 6970", "no room code"),
        ("join K7QM-2XPA --relay r", "--udp or --tcp: at least one is needed"),
        (f"host --relay r --udp 1 --public {'ä' * 257}", "has 514 bytes, must have at most 512"),
        ("host --relay r --udp 1 --legacy --public x", "--public: a legacy relay has no list"),
        ("host --relay r --udp 1 --legacy --ticket x", "--ticket: a legacy relay asks for no"),
        ("host --relay r --udp 1 --legacy --birthday", "--birthday: a legacy relay carries"),
        ("join --relay r --udp 1 --legacy --ticket x", "--ticket: a legacy relay asks for no"),
        ("join --relay r --udp 1 --legacy --ticket-file x", "--ticket-file: a legacy relay"),
        ("join --relay r --udp 1 --legacy --access-key-file x", "--access-key-file: a legacy"),
        ("join --relay r --udp 1 --legacy --name x", "--name: a legacy relay lets everybody"),
        ("join --relay r --legacy --tcp 1", "one --udp and no --tcp"),
        ("join K7QM-2XPA --relay r --udp 1 --id 5", "--id: only with --legacy"),
        ("join K7QM-2XPA --relay r --udp 1 --legacy", "knows no rooms"),
        ("join --relay r --udp 1 --legacy --id 1", "no whole number in 2..2147483647"),
        ("join --relay r --udp 1 --legacy --id 2147483648", "no whole number in 2"),
        ("join --udp 1 --legacy", "--relay: needed"),
    ],
)
def test_options_that_do_not_fit_end_with_code_2(
    arguments: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments.split())

    assert caught.value.code == 2
    assert reason in " ".join(capsys.readouterr().err.split())


def test_packhorse_alone_says_which_commands_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2

    assert "open a room for an unmodified game server" in capsys.readouterr().err


def test_commands_say_what_they_take(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("host", "join"):
        with pytest.raises(SystemExit) as caught:
            main([command, "--help"])
        assert caught.value.code == 0

    assert "--max-peers" in capsys.readouterr().out
    assert host.run is not join.run


def test_smallest_and_largest_values_are_taken() -> None:
    assert options.legacy_id("2") == 2
    assert options.legacy_id("2147483647") == 2**31 - 1
    assert options.peer_count("1024") == 1024
    assert options.seconds(0.1, 600.0)("0.1") == 0.1
    assert options.seconds(0.1, 600.0)("600") == 600.0


@pytest.mark.parametrize("is_given", [False, True])
@pytest.mark.parametrize("flag", ["--relay-only", "--birthday"])
def test_wish_about_direct_paths_reaches_the_room(
    flag: str, monkeypatch: pytest.MonkeyPatch, *, is_given: bool
) -> None:
    """DIR-2, DIR-11."""
    asked: list[object] = []

    def enter(*_: object, **wishes: object) -> None:
        asked.append(wishes[flag.strip("-").replace("-", "_")])
        raise ConfigurationError("enough")

    for module in (host, join):
        monkeypatch.setattr(module, module.__name__.rpartition(".")[2], enter)
    given = [flag] if is_given else []
    main(["host", "--relay", "127.0.0.1", "--udp", "6942", *given])
    main(["join", "K7QM-2XPA@127.0.0.1", "--udp", "0", *given])
    assert asked == [is_given] * 2
