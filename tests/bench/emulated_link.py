"""Two network namespaces with a slow, lossy link between them.

    sender 10.77.0.1 -- link0 == link_emulator == link0 -- receiver 10.77.0.2

Needs root, `ip`, `nft`, a C compiler and /dev/net/tun.
"""

import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.support.netns import Host

_SOURCE: Final = Path(__file__).with_name("link_emulator.c")
_DEADLINE: Final = 20.0  # seconds for one command
_MIN_QUEUE: Final = 6000  # bytes
_PRIORITY: Final = -15  # nice
# Buffers that no cell fills, and no memory of the connection before.
_SETTINGS: Final = {
    "net.ipv4.tcp_rmem": "4096 131072 33554432",
    "net.ipv4.tcp_wmem": "4096 131072 33554432",
    "net.ipv4.tcp_no_metrics_save": "1",
}
_LOSS_RULES: Final = """
table inet link {{
    chain arriving {{
        type filter hook prerouting priority raw;
        iifname "link0" numgen random mod 10000 < {per_10000} drop
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class LinkKind:
    """What a link is like, the same in both directions; its queue holds one BDP."""

    mbit: float
    """Rate, Mbit/s of IP packets."""
    rtt: float
    """Seconds, with empty queues."""
    loss: float = 0.0
    """Fraction of packets lost at random, 0..1."""

    @property
    def queue_bytes(self) -> int:
        """One bandwidth-delay product, but some packets at least."""
        return max(int(self.mbit * 1e6 / 8 * self.rtt), _MIN_QUEUE)

    def __str__(self) -> str:
        return f"{self.mbit:g}Mbit-{self.rtt * 1000:g}ms-loss{self.loss * 100:g}"


@dataclass(frozen=True, slots=True)
class DirectionReport:
    """What one direction of the link carried."""

    packets: int
    bytes: int
    dropped: int
    """By the full queue."""
    mean_wait: float
    """In the queue, seconds."""
    longest_wait: float


class EmulatedLink:
    """The two namespaces; a context manager."""

    def __init__(self, kind: LinkKind) -> None:
        prefix = f"ph{os.getpid()}"
        self.kind = kind
        self.sender = Host(f"{prefix}-sender", "10.77.0.1")
        self.receiver = Host(f"{prefix}-receiver", "10.77.0.2")
        self._directory = tempfile.TemporaryDirectory(prefix="packhorse-link-")
        self._emulator: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        try:
            self._build()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._remove()

    def end(self) -> DirectionReport:
        """Take the link away; return what went from the sender to the receiver."""
        assert self._emulator is not None
        output, _ = self._emulator.communicate("", timeout=_DEADLINE)
        packets, size, dropped, mean, longest = map(int, output.splitlines()[0].split())
        return DirectionReport(packets, size, dropped, mean / 1e6, longest / 1e6)

    def _build(self) -> None:
        program = str(Path(self._directory.name, "link_emulator"))
        _run(["cc", "-O2", "-o", program, str(_SOURCE)])
        for host in (self.sender, self.receiver):
            _run(["ip", "netns", "add", host.namespace])
            _run(["ip", "-n", host.namespace, "link", "set", "lo", "up"])
            for name, value in _SETTINGS.items():
                _run(host.command(["sysctl", "-qw", f"{name}={value}"]))
        self._start(program)
        for host, other in ((self.sender, self.receiver), (self.receiver, self.sender)):
            link = ["ip", "-n", host.namespace]
            _run([*link, "addr", "add", host.address, "peer", other.address, "dev", "link0"])
            _run([*link, "link", "set", "link0", "up", "txqueuelen", "10000"])
            if self.kind.loss:
                rules = _LOSS_RULES.format(per_10000=round(self.kind.loss * 10_000))
                _run(host.command(["nft", rules]))

    def _start(self, program: str) -> None:
        kind = self.kind
        numbers = (int(kind.mbit * 1e6), int(kind.rtt / 2 * 1e6), kind.queue_bytes)
        self._emulator = subprocess.Popen(
            [program, self.sender.namespace, self.receiver.namespace, *map(str, numbers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._emulator.stdout is not None
        assert self._emulator.stdout.readline() == "ready\n"

    def _remove(self) -> None:
        if self._emulator is not None and self._emulator.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                self._emulator.communicate("", timeout=_DEADLINE)
            self._emulator.kill()
        for host in (self.sender, self.receiver):
            subprocess.run(
                ["ip", "netns", "del", host.namespace],
                check=False,
                timeout=_DEADLINE,
                stderr=subprocess.DEVNULL,
            )
        self._directory.cleanup()


def why_no_link() -> str:
    """Return what keeps links from being emulated here, or ""."""
    if missing := [tool for tool in ("cc", "ip", "nft", "sysctl") if shutil.which(tool) is None]:
        return f"the emulated link needs {', '.join(missing)}"
    return "" if os.access("/dev/net/tun", os.R_OK | os.W_OK) else "no access to /dev/net/tun"


def prefer(pid: int) -> None:
    """Let a process have the processor before what else runs on this machine."""
    os.setpriority(os.PRIO_PROCESS, pid, _PRIORITY)
    with suppress(FileNotFoundError):  # a kernel that does not schedule by session
        Path(f"/proc/{pid}/autogroup").write_text(str(_PRIORITY))


def cpu_times(pid: int) -> tuple[float, float]:
    """Return how long a process has run, and how long it was ready but had to wait, seconds."""
    ran, waited, _turns = map(int, Path(f"/proc/{pid}/schedstat").read_text().split())
    return ran / 1e9, waited / 1e9


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=_DEADLINE, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip()}"
