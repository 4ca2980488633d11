"""A relay in a process of its own that a test kills and starts again, without limits."""

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Final, Self

from packhorse_relay.aio.server import RelayServer
from packhorse_relay.core.settings import Settings
from tests.support.processes import Started

_START_TIMEOUT: Final = 30.0  # seconds; a slow machine
_MANY: Final = 100_000.0
_SETTINGS: Final = Settings(
    hello_rate=_MANY,
    reply_rate=_MANY,
    reply_rate_total=_MANY,
    create_rate=_MANY,
    join_rate=_MANY,
    bind_rate=_MANY,
    rooms_per_source=1000,
    sessions_per_source=250,
)


class KillableRelay:
    """Runs this module; use it as a context manager."""

    def __init__(self, state_dir: Path) -> None:
        """Start the relay and wait until it listens."""
        self._state_dir = state_dir
        self.port = 0
        self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc_info: object) -> None:
        self._process.stop()

    @property
    def address(self) -> str:
        """How members name it."""
        return f"127.0.0.1:{self.port}"

    def kill_and_restart(self) -> None:
        """End the relay without giving it time to say anything; start it on the same port."""
        self._process.signal(signal.SIGKILL)
        self._process.wait()
        self._process.stop()
        self._start()

    def _start(self) -> None:
        arguments = ["--port", str(self.port), "--state-dir", str(self._state_dir)]
        self._process = Started([sys.executable, "-m", "tests.support.killable_relay", *arguments])
        told = self._process.wait_for('"port"', timeout=_START_TIMEOUT)
        self.port = int(json.loads(told)["port"])


async def _relay(port: int, state_dir: Path) -> None:
    bind = ["127.0.0.1"]
    async with RelayServer(bind=bind, port=port, settings=_SETTINGS, state_dir=state_dir) as server:
        print(json.dumps({"port": server.port}), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state-dir", type=Path, required=True)
    args = parser.parse_args()
    asyncio.run(_relay(args.port, args.state_dir))
