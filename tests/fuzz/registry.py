"""Which targets there are, and where their files lie; imports nothing of the product."""

from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import Final, Protocol, cast

_HERE: Final = Path(__file__).parent
SDK: Final = _HERE.parents[1] / "sdk"
CORPUS: Final = _HERE / "corpus"
"""Inputs that are kept: a folder for each target."""
WORK: Final = _HERE.parents[1] / ".cache" / "fuzz"
"""What runs leave behind: a folder for each target."""
TARGETS: Final = tuple(
    sorted(path.stem for path in (_HERE / "targets").glob("*.py") if path.stem != "__init__")
)

MACHINES: Final = frozenset(
    {"delivery", "delivery_pair", "direct_paths", "pipe_session", "relay", "session"}
)
"""State machines that a script drives: slow, and given messages by encoders."""


class Target(Protocol):
    """What a module of `targets` holds."""

    run: Callable[[bytes], None]
    """Feed one input to the product; raises when a rule is broken."""
    seeds: Callable[[], Iterable[bytes]]
    """Inputs to start from."""


def load(name: str) -> Target:
    """Import a target, and with it the product."""
    return cast("Target", import_module(f"tests.fuzz.targets.{name}"))


def kept_inputs(name: str) -> list[Path]:
    """Return the files of the kept corpus of a target, in order."""
    return sorted((CORPUS / name).iterdir())
