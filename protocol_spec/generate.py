"""Generate constants, messages and tables from protocol.yaml.

Run: python protocol_spec/generate.py [--check]
"""

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from protocol_spec.generators.gdscript import (  # noqa: E402
    constants_script,
    error_texts_script,
    messages_script,
)
from protocol_spec.generators.markdown import fill_tables  # noqa: E402
from protocol_spec.generators.model import Protocol, load_protocol  # noqa: E402
from protocol_spec.generators.python import constants_module, messages_module  # noqa: E402


def outputs(protocol: Protocol) -> dict[Path, str]:
    """Return every generated file with the text it must have."""
    wire = ROOT / "sdk/packhorse/wire"
    addon_wire = ROOT / "godot_addon/addons/packhorse/wire"
    spec = ROOT / "protocol_spec/SPEC.md"
    return {
        wire / "constants.py": _formatted("ruff", constants_module(protocol)),
        wire / "messages.py": _formatted("ruff", messages_module(protocol)),
        addon_wire / "constants.gd": _formatted("gdformat", constants_script(protocol)),
        addon_wire / "messages.gd": _formatted("gdformat", messages_script(protocol)),
        addon_wire / "error_texts.gd": _formatted("gdformat", error_texts_script(protocol)),
        spec: fill_tables(spec.read_text("utf-8"), protocol),
    }


def _formatted(tool: str, source: str) -> str:
    bin_folder = Path(sys.executable).parent
    commands = {
        "ruff": [str(bin_folder / "ruff"), "format", "--quiet", "--stdin-filename", "x.py", "-"],
        "gdformat": [str(bin_folder / "gdformat"), "--line-length", "100", "-"],
    }
    done = subprocess.run(  # noqa: S603 - our own tools, no shell
        commands[tool], input=source, capture_output=True, text=True, check=True, cwd=ROOT
    )
    return str(done.stdout)


def main() -> int:
    """Write the files, or with --check name those that are out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if out of date")
    check = parser.parse_args().check
    stale = [
        (path, text)
        for path, text in outputs(load_protocol()).items()
        if not path.exists() or path.read_text("utf-8") != text
    ]
    for path, text in stale:
        print(f"{'out of date' if check else 'written'}: {path.relative_to(ROOT)}")
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
