"""Read the system's own Debian source entry and turn it to another suite.

Both formats of sources.list(5) are understood: one-line entries in `*.list`
and deb822 stanzas in `*.sources`. Only text goes in and comes out.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

_ONE_LINE: Final = re.compile(
    r"^deb\s+(?P<options>\[[^\]]*\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>.+)$"
)
_SIDE_SUITE: Final = re.compile(r"(-|/)(security|updates|backports|proposed-updates|debug)")
_REPLACED_FIELDS: Final = frozenset({"types", "suites", "components", "enabled", "architectures"})


class SourceText(NamedTuple):
    """A source entry, and the ending that the file holding it must have."""

    text: str
    suffix: str


def retarget(text: str, suffix: str, suite: str) -> SourceText | None:
    """Return the first binary entry of a Debian archive, turned to `suite`.

    Entries of the security, updates and backports suites are passed over:
    their archive does not hold `suite`.

    Args:
        text: Content of a source file.
        suffix: ".list" or ".sources".
        suite: Name of the suite wanted, for example "sid".

    Returns:
        The new entry, or None when the file holds no usable entry.
    """
    turn = _retarget_stanzas if suffix == ".sources" else _retarget_lines
    turned = turn(text, suite)
    return SourceText(turned, suffix) if turned else None


def find(suite: str, paths: Iterable[Path]) -> SourceText | None:
    """Return the first usable entry in `paths`, turned to `suite`."""
    for path in paths:
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        if found := retarget(text, path.suffix, suite):
            return found
    return None


def system_paths() -> list[Path]:
    """Return the source files that apt reads on this machine, Debian's first."""
    etc = Path("/etc/apt")
    parts = [p for p in (etc / "sources.list.d").glob("*") if p.suffix in {".sources", ".list"}]
    parts.sort(key=lambda path: (not path.stem.startswith("debian"), path.name))
    return [*parts, etc / "sources.list"]


def _retarget_lines(text: str, suite: str) -> str | None:
    for line in text.splitlines():
        match = _ONE_LINE.match(line.strip())
        if match and _is_main_archive([match["suite"]], match["components"].split()):
            return f"deb {match['options'] or ''}{match['uri']} {suite} main\n"
    return None


def _retarget_stanzas(text: str, suite: str) -> str | None:
    for stanza in re.split(r"\n\s*\n", text):
        fields = _fields(stanza)
        if _is_enabled(fields) and _is_main_archive(
            fields.get("suites", "").split(), fields.get("components", "").split()
        ):
            kept = [f"{name}: {fields[name]}\n" for name in fields if name not in _REPLACED_FIELDS]
            return f"Types: deb\nSuites: {suite}\nComponents: main\n{''.join(kept)}"
    return None


def _is_enabled(fields: dict[str, str]) -> bool:
    switched_off = fields.get("enabled", "yes").lower() in {"no", "false", "0", "off"}
    return not switched_off and "deb" in fields.get("types", "").split()


def _fields(stanza: str) -> dict[str, str]:
    """Return the fields by lower-case name; continuation lines stay in the value."""
    fields: dict[str, str] = {}
    name = ""
    for line in stanza.splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if line[0].isspace() and name:
            fields[name] += "\n" + line
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()
    return fields


def _is_main_archive(suites: list[str], components: list[str]) -> bool:
    return "main" in components and any(not _SIDE_SUITE.search(suite) for suite in suites)
