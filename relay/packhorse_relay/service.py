"""The systemd unit of the relay, and how it gets to where systemd looks."""

import shutil
import sys
from importlib import resources
from pathlib import Path
from typing import Final

from packhorse.wire.errors import ConfigurationError

UNIT: Final = "packhorse-relay.service"
CONFIG: Final = Path("/etc/packhorse/relay.toml")
_UNITS: Final = Path("/etc/systemd/system")
_PLACE: Final = "@PROGRAM@"
_HIDDEN: Final = ("/home", "/root", "/run/user")  # what ProtectHome= hides
_PACKAGE: Final = "packhorse_relay"


def unit_text(program: str) -> str:
    """Return the unit that starts `program`."""
    template = resources.files(_PACKAGE).joinpath(UNIT).read_text("utf-8")
    return template.replace(_PLACE, program)


def config_template() -> str:
    """Return the configuration file of a new service."""
    return resources.files(_PACKAGE).joinpath("relay.toml").read_text("utf-8")


def this_program() -> str:
    """Return the path of `packhorse-relay` beside the Python that runs.

    Raises:
        ConfigurationError: There is none, or the service could not run it.
    """
    beside = Path(sys.executable).with_name("packhorse-relay")
    found = str(beside) if beside.is_file() else shutil.which("packhorse-relay")
    if found is None:
        advice = (
            "install Packhorse: python3 -m venv /opt/packhorse && /opt/packhorse/bin/pip install ."
        )
        raise ConfigurationError("there is no program packhorse-relay", advice)
    if any(Path(found).is_relative_to(hidden) for hidden in _HIDDEN):
        advice = "install Packhorse in /opt/packhorse: the service sees no home folders"
        raise ConfigurationError(f"the service could not run {found}", advice)
    return found


def install_service(program: str, root: Path = Path("/")) -> list[str]:
    """Write the unit, and the configuration where there is none; returns what was done.

    Args:
        program: What the service starts.
        root: Below which to write.

    Raises:
        ConfigurationError: It cannot be written.
    """
    unit, config = _below(root, _UNITS / UNIT), _below(root, CONFIG)
    done = []
    try:
        _write(unit, unit_text(program))
        done.append(f"wrote {unit}")
        if not config.exists():
            _write(config, config_template())
            done.append(f"wrote {config}")
        else:
            done.append(f"kept {config}")
    except OSError as error:
        problem = f"cannot write {error.filename}: {error.strerror}"
        advice = "run it as root: sudo; or print the unit with --install-service --dry-run"
        raise ConfigurationError(problem, advice) from None
    return done


def _below(root: Path, path: Path) -> Path:
    return root / path.relative_to("/")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    path.chmod(0o644)
