"""Draw docs/images with a real Godot: demo and lobby, the editor, and the store's icon.

python -m tests.support.screenshots [FOLDER]
"""

import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from tests.support import godot_drawing
from tests.support.editor_picture import draw_editor
from tests.support.editor_project import make_editor_project
from tests.support.godot import import_project, run_godot
from tests.support.godot_bot import GodotBot
from tests.support.layout import REPOSITORY
from tests.support.relay_process import RelayProcess

IMAGES: Final = REPOSITORY / "docs" / "images"
LOBBY_AFTER: Final = 3  # seconds from the start of the engine
ARENA_AFTER: Final = 14  # seconds; by then all have scored
WATCHED_FOR: Final = 20  # seconds that the debugger's graphs show
_SCRIPT: Final = ("-s", "res://tests/pictures.gd", "--")
_GUESTS: Final = ("Ben", "Cleo", "Dora")


def draw_lobby(screen: godot_drawing.VirtualScreen, picture: Path) -> None:
    """Draw what a player sees first."""
    done = screen.run([*_SCRIPT, str(picture), str(LOBBY_AFTER), "--name", "Ada"])
    _check(done.stdout.splitlines())


def draw_arena(screen: godot_drawing.VirtualScreen, picture: Path) -> None:
    """Draw a round of four bots, as the host sees it."""
    with ExitStack() as stack:
        relay = stack.enter_context(RelayProcess())
        common = ["--relay", relay.address, "--goal", "99"]
        options = [str(picture), str(ARENA_AFTER), "--bot", "--host", "--name", "Ada", *common]
        window = stack.enter_context(screen.start([*_SCRIPT, *options]))
        code = GodotBot("Ada", process=window).expect("entered")["code"]
        for name in _GUESTS:
            bot = GodotBot(name, "--join", code, *common)
            stack.callback(bot.stop)
        window.wait_for("saved", timeout=90.0)
        _check(window.lines)


def draw_tools(screen: godot_drawing.VirtualScreen, picture: Path) -> None:
    """Draw the editor with the dock's verdict on a relay, and the debugger's tab of a game."""
    with tempfile.TemporaryDirectory() as folder:
        project = make_editor_project(Path(folder))
        import_project(project)
        draw_editor(screen, project, picture, seconds=WATCHED_FOR)


def draw_icon(picture: Path) -> None:
    """Draw the icon that stores show, from the peer's."""
    done = run_godot(["-s", "res://tests/draw_icon.gd", "--", str(picture)])
    _check(done.stdout.splitlines())


def _check(lines: Sequence[str]) -> None:
    assert "saved 0" in lines, "\n".join(lines)


def main() -> int:
    """Draw all; exit 1 with one line where nothing can be drawn."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    if reason := godot_drawing.why_no_drawing():
        print(reason, file=sys.stderr)
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    import_project()
    with godot_drawing.VirtualScreen() as screen:
        draw_lobby(screen, folder / "lobby.png")
        draw_arena(screen, folder / "arena.png")
        draw_tools(screen, folder / "editor.png")
    draw_icon(folder / "icon.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
