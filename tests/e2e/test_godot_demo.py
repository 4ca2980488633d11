"""The demo game, played by bots in real Godot processes: over a relay, and over ENet."""

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from tests.support.godot import PROJECT, scripts
from tests.support.godot_bot import GodotBot
from tests.support.relay_process import RelayProcess

DEMO: Final = PROJECT / "demo"
GUESTS: Final = ("Ben", "Cleo")
SAME_PLACE: Final = 3.0  # pixels; everybody stands still by then

Play = Callable[..., GodotBot]


@pytest.fixture
def play() -> Iterator[Play]:
    """Give a function that starts a bot; all are ended, and must have logged no error."""
    with ExitStack() as stack:

        def start(name: str, *options: str) -> GodotBot:
            bot = GodotBot(name, *options)
            stack.callback(bot.stop)
            return bot

        yield start


@pytest.fixture(params=["relay", "enet"])
def ways(request: pytest.FixtureRequest) -> Iterator[tuple[list[str], Callable[[str], list[str]]]]:
    """Give the options of a host, and those of who joins it by what the host shows."""
    if request.param == "enet":
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        common = ["--enet", "--port", port]
        yield [*common, "--host"], lambda _code: [*common, "--join", "127.0.0.1"]
        return
    with RelayProcess() as relay:
        common = ["--relay", relay.address]
        yield [*common, "--host"], lambda code: [*common, "--join", code.lower()]


@pytest.mark.usefixtures("godot")
def test_four_bots_see_the_same_game(
    ways: tuple[list[str], Callable[[str], list[str]]], play: Play
) -> None:
    to_host, to_join = ways
    host = play("Ada", *to_host, "--goal", "12")
    code = host.expect("entered")["code"]
    leaver = play("Eve", *to_join(code), "--goal", "12", "--rejoin-after", "4")
    guests = [play(name, *to_join(code), "--delay", "0.06") for name in GUESTS]
    bots = [host, leaver, *guests]
    names = {bot.name for bot in bots}

    leaver.expect("left")
    leaver.expect("entered")
    while {*leaver.expect("players")["scores"]} != names:
        pass
    for bot in bots:
        bot.wait_to_see("said", name="Eve", text="Good luck from Eve!")
    leaver.expect("said", name="Eve")
    number = leaver.expect("round")["number"] + 1  # a round of which all saw the beginning
    ends = [bot.expect("round_over", number=number, timeout=90.0) for bot in bots]

    assert {*ends[0]["scores"]} == names
    assert [end["scores"] for end in ends[1:]] == [ends[0]["scores"]] * 3
    assert max(ends[0]["scores"].values()) >= 12
    for name, (x, y) in ends[0]["places"].items():
        for end in ends[1:]:
            assert end["places"][name] == pytest.approx([x, y], abs=SAME_PLACE), name


@pytest.mark.usefixtures("godot")
def test_who_comes_back_has_the_score_back(
    ways: tuple[list[str], Callable[[str], list[str]]], play: Play
) -> None:
    to_host, to_join = ways
    host = play("Ada", *to_host, "--goal", "1000")
    guest = play("Ben", *to_join(host.expect("entered")["code"]), "--rejoin-after", "5")
    guest.expect("left", why="")

    score = host.expect("gone", name="Ben")["score"]
    again = host.expect("players")["scores"]["Ben"]

    assert score > 0
    assert again == score


@pytest.mark.usefixtures("godot")
def test_room_goes_on_with_a_host_that_was_killed_and_started_again(
    play: Play, tmp_path: Path
) -> None:
    with RelayProcess() as relay:
        session = tmp_path / "session"
        options = ["--relay", relay.address, "--host", "--session", str(session)]
        host = play("Ada", *options)
        code = host.expect("entered")["code"]
        guest = play("Ben", "--relay", relay.address, "--join", code)
        guest.expect("entered")
        guest.expect("said", name="Ben")
        assert session.read_text("utf-8"), "kept each second"

        host.kill()
        again = play("Ada", *options)

        assert again.expect("entered")["code"] == code
        guest.expect("left")
        guest.expect("entered")
        while {*guest.expect("players")["scores"]} != {"Ada", "Ben"}:
            pass
        guest.expect("said", name="Ben")
        again.expect("said", name="Ben")


@pytest.mark.usefixtures("godot")
def test_guest_that_was_killed_and_started_again_is_the_same_player(
    play: Play, tmp_path: Path
) -> None:
    everybody = {"Ada", "Ben", "Cleo"}
    with RelayProcess() as relay:
        host = play("Ada", "--relay", relay.address, "--host", "--goal", "1000")
        to_join = ["--relay", relay.address, "--join", host.expect("entered")["code"]]
        other = play("Ben", *to_join)
        session = tmp_path / "session"
        guest = play("Cleo", *to_join, "--session", str(session))
        number = guest.expect("entered")["id"]
        other.expect("said", name="Cleo")
        assert session.read_text("utf-8"), "kept each second"

        guest.kill()
        again = play("Cleo", *to_join, "--session", str(session))

        assert again.expect("entered")["id"] == number
        for bot in (host, other):
            bot.expect("gone", name="Cleo")
        for bot in (host, other, again):
            while {*bot.expect("players")["scores"]} != everybody:
                pass
        other.expect("said", name="Cleo")


def test_one_script_of_the_game_creates_the_peer() -> None:
    creating = [path.name for path in scripts(DEMO) if creates_a_peer(path)]

    assert creating == ["connection.gd"]


def test_only_two_scripts_of_the_game_know_how_it_is_connected() -> None:
    knowing = [path.name for path in scripts(DEMO) if re.search(r"ENet|Packhorse[A-Z]", code(path))]

    assert knowing == ["connection.gd", "main.gd"]  # main.gd shows the lobby


def creates_a_peer(path: Path) -> bool:
    return re.search(r"(?<!Offline)MultiplayerPeer\.new\(", code(path)) is not None


def code(path: Path) -> str:
    return re.sub(r"#.*", "", path.read_text("utf-8"))
