"""The real Godot draws here, so that other tests can look at the addon's windows."""

from pathlib import Path

from tests.support.godot_drawing import VirtualScreen, picture_size


def test_godot_draws_on_a_virtual_screen(screen: VirtualScreen, tmp_path: Path) -> None:
    picture = tmp_path / "probe.png"

    done = screen.run(
        ["-s", "res://tests/e2e/draw_probe.gd", "--", str(picture)], window=(640, 360)
    )

    assert "saved 0, inside 00ff00" in done.stdout, done.stdout
    assert picture_size(picture) == (640, 360)


def test_overlay_and_debugger_tab_are_drawn(screen: VirtualScreen, tmp_path: Path) -> None:
    pictures = [tmp_path / "overlay.png", tmp_path / "tab.png"]
    script = "res://tests/e2e/show_monitoring.gd"

    done = screen.run(["-s", script, "--", *map(str, pictures)])

    assert "overlay 0, lines true" in done.stdout, done.stdout
    assert "tab 0, lines true" in done.stdout, done.stdout
    assert "SCRIPT ERROR" not in done.stdout, done.stdout
    assert [picture_size(picture) for picture in pictures] == [(1280, 720)] * 2
