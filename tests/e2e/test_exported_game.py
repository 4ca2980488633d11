"""The demo as players get it: exported with the release template, its scripts tokenised."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from tests.support.exported_game import TEMPLATE_NOISE, ExportedGame, export
from tests.support.godot import PROJECT
from tests.support.godot_bot import GodotBot, is_error
from tests.support.relay_process import RelayProcess

pytestmark = pytest.mark.usefixtures("exporting")

ADDON: Final = "addons/packhorse/"
# As the README says: what scripts preload or name by class_name, Godot does not look for.
FILTER: Final = "addons/packhorse/*.gd, addons/packhorse/*.tscn"
SELECTED_SCENES: Final = f"""export_filter="scenes"
export_files=PackedStringArray("res://demo/main.tscn")
include_filter="{FILTER}, demo/*.gd, demo/*.tscn"
"""

Play = Callable[..., GodotBot]


@pytest.fixture(scope="module")
def game(exporting: None, tmp_path_factory: pytest.TempPathFactory) -> ExportedGame:  # noqa: ARG001
    """Give the demo, exported."""
    return export(tmp_path_factory.mktemp("exported"), ["addons", "demo"])


@pytest.fixture
def play(game: ExportedGame) -> Iterator[Play]:
    """Give a function that lets a bot play; all are ended, and must have logged no error."""
    with ExitStack() as stack:

        def start(name: str, *options: str) -> GodotBot:
            process = game.start(["--bot", "--name", name, *options])
            bot = GodotBot(name, process=process)
            bot.tolerated = TEMPLATE_NOISE
            stack.callback(bot.stop)
            return bot

        yield start


@pytest.mark.parametrize("scheme", ["", "ws://"], ids=["udp", "websocket alone"])
def test_exported_games_play_with_each_other(scheme: str, play: Play) -> None:
    with RelayProcess() as relay:
        address = f"{scheme}{relay.address}"
        host = play("Ada", "--relay", address, "--host", "--goal", "5")
        code = host.expect("entered")["code"]
        host.expect("said", name="Ada")  # who comes later is greeted, too
        guest = play("Ben", "--relay", address, "--join", code.lower())
        number = guest.expect("round")["number"]
        ends = [bot.expect("round_over", number=number, timeout=60.0) for bot in (host, guest)]

        assert {*ends[0]["scores"]} == {"Ada", "Ben"}
        assert ends[1]["scores"] == ends[0]["scores"]
        assert max(ends[0]["scores"].values()) >= 5
        for bot in (host, guest):
            for name in ("Ada", "Ben"):
                bot.wait_to_see("said", name=name)


def test_exported_game_ends_by_itself_without_errors(game: ExportedGame) -> None:
    host_for_some_seconds(game)


def test_exported_game_tells_how_it_is_called(game: ExportedGame) -> None:
    done = game.run(["--hots"])

    assert done.returncode == 2
    assert "what is --hots" in done.stdout


def test_pack_has_tokenised_scripts_and_nothing_of_the_addon_that_a_game_does_not_load(
    game: ExportedGame,
) -> None:
    of_addon = [name.removeprefix(ADDON) for name in game.files if name.startswith(ADDON)]
    kinds = {name.partition(".")[2] for name in of_addon}

    assert "nodes/packhorse_multiplayer_peer.gdc" in of_addon
    assert kinds == {"gdc", "gd.remap", "tscn.remap", "svg.import"}  # no C#, licence, readme


def test_filter_of_the_readme_brings_the_addon_into_a_game_of_selected_scenes(
    tmp_path: Path,
) -> None:
    game = export(tmp_path / "selected", ["addons", "demo"], files=SELECTED_SCENES)

    assert f"`{FILTER}`" in (PROJECT / ADDON / "README.md").read_text("utf-8")
    host_for_some_seconds(game)


def host_for_some_seconds(game: ExportedGame) -> None:
    """See that the game opens a room and ends without an error of its own."""
    with RelayProcess() as relay:
        done = game.run(["--relay", relay.address, "--host", "--bot", "--seconds", "5"])

    assert '"event":"entered"' in done.stdout
    assert done.returncode == 0
    errors = [line for line in done.stdout.splitlines() if is_error(line)]
    assert [line for line in errors if TEMPLATE_NOISE not in line] == []
