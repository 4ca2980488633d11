"""Runs one target under atheris, in a process of its own: `python -m tests.fuzz.engine`.

atheris counts the edges of what is imported while it looks; so nothing of the product may
be imported before.
"""

import hashlib
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from tests.fuzz.registry import CORPUS, MACHINES, SDK, WORK, Target, load

PRODUCT: Final = ("packhorse", "packhorse_relay")
LONGEST: Final = 2048  # bytes of an input, unless a seed is longer
HANGS_AFTER: Final = 20  # seconds for one input, on a busy machine
MEMORY: Final = 2048  # MB


def main() -> None:
    """Fuzz the target named on the command line for so many seconds."""
    name, seconds = sys.argv[1], int(sys.argv[2])
    atheris: Any = import_module("atheris")
    with atheris.instrument_imports(include=list(PRODUCT), exclude=not_watched(name)):
        target = load(name)
        dictionary = import_module("tests.fuzz.dictionary")
    folder = WORK / name
    longest = write_seeds(target, folder / "seeds")
    (folder / "corpus").mkdir(exist_ok=True)
    dictionary.write_dictionary(folder / "words")
    sources = [folder / "corpus", folder / "seeds", CORPUS / name]
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={max(LONGEST, longest)}",
        f"-timeout={HANGS_AFTER}",
        f"-rss_limit_mb={MEMORY}",
        f"-dict={folder / 'words'}",
        f"-artifact_prefix={folder}/",
        "-print_final_stats=1",
    ]
    existing = [str(source) for source in sources if source.is_dir()]
    atheris.Setup([sys.argv[0], *options, *existing], target.run)
    atheris.Fuzz()


def not_watched(name: str) -> list[str]:
    """Return the modules whose edges do not count: a state machine's time is its own."""
    paths = (SDK / "packhorse" / "wire").glob("*.py") if name in MACHINES else ()
    return [f"packhorse.wire.{path.stem}" for path in paths]


def write_seeds(target: Target, folder: Path) -> int:
    """Write the seeds of a target as files; return the size of the longest in bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    longest = 0
    for seed in target.seeds():
        (folder / name_of(seed)).write_bytes(seed)
        longest = max(longest, len(seed))
    return longest


def name_of(data: bytes) -> str:
    """Return the file name of an input: the same for the same bytes."""
    return hashlib.sha256(data).hexdigest()[:16]


if __name__ == "__main__":
    main()
