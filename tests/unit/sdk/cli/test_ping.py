"""What `packhorse ping` takes and refuses, with code 2 and a reason."""

import pytest

from packhorse.cli.main import main


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("", "CODE or --relay: needed"),
        ("K7QM-2XPA", "--relay: needed unless CODE is an invite"),
        ("K7QM-2XPA@r --relay r:7000", "the invite names another relay, r:6969"),
        ("K7QM-2XP --relay r", "no room code"),
        ("--relay r:0", "no port in 1..65535"),
        ("--relay r --count 0", "no whole number in 1..100000"),
        ("--relay r --interval 0.1", "at most every 0.25 s"),
        ("--relay r --password x", "--password: needs CODE"),
        ("--relay r --ask-password", "--ask-password: needs CODE"),
        ("--relay r --ticket-file x", "--ticket-file: needs CODE"),
        ("--relay r --timeout 3", "--timeout: needs CODE"),
        ("K7QM-2XPA@r --interval 0.001", "no number of seconds, 0.01..60"),
        ("K7QM-2XPA@r --timeout 0", "no number of seconds"),
    ],
)
def test_options_that_do_not_fit_end_with_code_2(
    arguments: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["ping", *arguments.split()])

    assert caught.value.code == 2
    assert reason in " ".join(capsys.readouterr().err.split())
