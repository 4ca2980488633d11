"""What somebody may type at a running `packhorse host`."""

from dataclasses import dataclass
from typing import Final, TypeAlias

from packhorse.wire.errors import ConfigurationError

HELP: Final = """\
lock        let nobody else in
unlock      let others in again
list        show who is in the room, and who waits
kick N      remove peer N; it may join again
ban N       remove peer N, and refuse its address from now on
y, y N      let the one who waits in, or request N of several
n, n N      turn them away
help        show this
Ctrl-C      close the room"""

_ADVICE: Final = "type help for the commands"
_MAX_NUMBER: Final = 0xFFFFFFFF  # peers and requests are u32; SPEC.md section 4.3


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether somebody who waits may come in."""

    admit: bool
    request: int | None
    """None for the only one who waits."""


@dataclass(frozen=True, slots=True)
class Lock:
    """Whether nobody else may join."""

    locked: bool


@dataclass(frozen=True, slots=True)
class Kick:
    """Somebody has to leave."""

    peer: int
    ban: bool


@dataclass(frozen=True, slots=True)
class ShowMembers:
    """Who is there?"""


@dataclass(frozen=True, slots=True)
class ShowHelp:
    """What can be typed?"""


Command: TypeAlias = Answer | Lock | Kick | ShowMembers | ShowHelp

_PLAIN: Final[dict[str, Command]] = {
    "lock": Lock(locked=True),
    "unlock": Lock(locked=False),
    "list": ShowMembers(),
    "help": ShowHelp(),
    "?": ShowHelp(),
}
_ANSWERS: Final = {"y": True, "yes": True, "n": False, "no": False}


def parse_command(line: str) -> Command | None:
    """Return what a line asks for; None for an empty one.

    Raises:
        ConfigurationError: It is no command.
    """
    word, _, rest = line.strip().lower().partition(" ")
    rest = rest.strip()
    if not word:
        return None
    if word in _ANSWERS:
        return Answer(_ANSWERS[word], _number(rest) if rest else None)
    if word in {"kick", "ban"}:
        if not rest:
            raise ConfigurationError(
                f"{word} needs a peer", f"such as {word} 2; list shows who is here"
            )
        return Kick(_number(rest), ban=word == "ban")
    if word in _PLAIN and not rest:
        return _PLAIN[word]
    raise ConfigurationError(f"{_short(line)} is no command", _ADVICE)


def _number(text: str) -> int:
    is_short = len(text) <= len(str(_MAX_NUMBER))
    number = int(text) if is_short and text.isascii() and text.isdigit() else 0
    if not 1 <= number <= _MAX_NUMBER:
        raise ConfigurationError(f"{_short(text)} is no number from 1", _ADVICE)
    return number


def _short(text: str) -> str:
    """Return what was typed in quotes, with everything escaped and not too long."""
    return ascii(text.strip()[:40])
