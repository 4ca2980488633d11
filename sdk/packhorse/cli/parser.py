"""The parser of the command line: a mistake is told in one line, with advice."""

import argparse
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """Does not put the usage before an error: it is so long that nobody finds the error."""

    def error(self, message: str) -> NoReturn:
        """Tell a mistake and where to look, and end with code 2."""
        print(f"error: {message}", file=sys.stderr)
        print(f"advice: {self.prog} --help shows what can be given", file=sys.stderr)
        raise SystemExit(2)

    def refuse(self, unknown: Sequence[str]) -> NoReturn:
        """Tell the first argument that this parser does not know, and end with code 2."""
        option = unknown[0].partition("=")[0]
        near = get_close_matches(option, self._option_string_actions, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        self.error(f"{unknown[0]} is not known here{hint}")
