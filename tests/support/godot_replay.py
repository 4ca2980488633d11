"""Let the addon repeat recorded sessions."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from packhorse.core.joining import Wish
from packhorse.wire.address import TransportAddress
from tests.support import network
from tests.support.godot import run_godot
from tests.support.recorded_session import RecordedSession

_REPLAY: Final = "res://tests/e2e/replay_sessions.gd"


@contextmanager
def recording() -> Iterator[list[RecordedSession]]:
    """Record the sessions of all members of virtual networks that are made meanwhile."""
    sessions: list[RecordedSession] = []

    def make(
        wish: Wish,
        relay: TransportAddress,
        random_bytes: Callable[[int], bytes],
        *,
        now: float,
    ) -> RecordedSession:
        sessions.append(RecordedSession(wish, relay, random_bytes, now=now))
        return sessions[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network, "MemberSession", make)
        yield sessions


def assert_answered_alike(sessions: Sequence[RecordedSession], folder: Path) -> None:
    """Fail unless the addon's session gives every recorded answer, byte for byte."""
    records = [session.record for session in sessions]
    path = folder / "sessions.json"
    path.write_text(json.dumps(records), "utf-8")

    done = run_godot(["-s", _REPLAY, "--", str(path)], timeout=240)

    counted = re.search(r"^(\d+) sessions, (\d+) steps, (\d+) differ$", done.stdout, re.MULTILINE)
    assert counted, done.stdout
    steps = sum(len(record["steps"]) for record in records)
    assert [int(count) for count in counted.groups()] == [len(records), steps, 0], done.stdout
    assert done.returncode == 0
