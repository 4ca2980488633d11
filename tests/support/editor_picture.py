"""A picture of the editor with the dock's verdict on a relay and the tab of a running game."""

from pathlib import Path
from typing import Final

from tests.support import processes
from tests.support.godot import start_godot
from tests.support.godot_drawing import VirtualScreen
from tests.support.godot_member import GodotMember
from tests.support.relay_process import RelayProcess

EDITOR: Final = ["--editor", "--no-header"]
PATIENCE: Final = 240.0  # seconds; an editor on a busy machine


def draw_editor(
    screen: VirtualScreen, project: Path, picture: Path, *, seconds: int = 0
) -> tuple[str, str]:
    """Save `picture` of an editor that has tested a relay and watches a peer of a room there.

    Args:
        screen: Where it is drawn.
        project: As `make_editor_project` makes it, and imported.
        picture: The PNG file to write.
        seconds: How long the peer is watched before, to fill the graphs.

    Returns:
        The code of the room, and what the editor printed.
    """
    _keep_debug_server_open(project)
    with RelayProcess() as relay, GodotMember() as host:
        code = host.create(relay.address)
        env = {
            "PACKHORSE_PICTURE": str(picture),
            "PACKHORSE_RELAY": relay.address,
            "PACKHORSE_GAME": relay.address,
            "PACKHORSE_SECONDS": str(seconds),
        }
        with processes.Started(screen.command(EDITOR, project=project), env=env) as editor:
            editor.wait_for("waiting", timeout=PATIENCE)
            server = f"tcp://127.0.0.1:{max(_listening_ports(editor.pid))}"
            room = {"PACKHORSE_GAME": relay.address, "PACKHORSE_CODE": code}
            with start_godot(["--remote-debug", server], env=room, project=project):
                editor.wait(timeout=PATIENCE)
        return code, editor.output


def _keep_debug_server_open(project: Path) -> None:
    """Let the editor wait for games that others start, as its menu Debug offers."""
    settings = project / ".godot" / "editor" / "project_metadata.cfg"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text("[debug_options]\n\nserver_keep_open=true\n", "utf-8")


def _listening_ports(pid: int) -> list[int]:
    """Return the TCP ports on which a process waits; the debugger's is the highest of an editor."""
    links = [str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir()]
    inodes = {link[8:-1] for link in links if link.startswith("socket:[")}
    rows = [line.split() for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]]
    return [int(row[1].split(":")[1], 16) for row in rows if row[3] == "0A" and row[9] in inodes]
