"""Install the Debian programs that some tests use; root and apt only.

python -m tests.support.provision_debian    exits 1 when one is missing
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from typing import Final

# Program -> the package that brings it.
PACKAGES: Final = {
    "ip": "iproute2",
    "ss": "iproute2",
    "nft": "nftables",
    "conntrack": "conntrack",
    "socat": "socat",
    "iperf3": "iperf3",
    "dig": "bind9-dnsutils",
    "dnsmasq": "dnsmasq-base",
    "ps": "procps",
    "curl": "curl",
    "nc": "netcat-openbsd",
    "redis-server": "redis-server",
    "redis-cli": "redis-tools",
    "openssl": "openssl",
    "chromium": "chromium",
    "turnserver": "coturn",
    "taskset": "util-linux",
    "gcc": "gcc",
    "clang": "clang",
    "setpriv": "util-linux",
    "nginx": "nginx",
    "caddy": "caddy",
    "Xvfb": "xvfb",
}
UPDATE_DEADLINE: Final = 180.0  # seconds
INSTALL_DEADLINE: Final = 300.0  # seconds
# Debian keeps some of these out of an ordinary user's PATH.
SYSTEM_PATH: Final = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))


def missing() -> list[str]:
    """Return the programs that are not there."""
    return [program for program in PACKAGES if shutil.which(program, path=SYSTEM_PATH) is None]


def can_install() -> bool:
    """Tell whether we may install packages here."""
    return hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(programs: Iterable[str]) -> str:
    """Install the packages of `programs`; return why it failed, or ""."""
    packages = sorted({PACKAGES[program] for program in programs})
    print(f"installing {' '.join(packages)}", file=sys.stderr, flush=True)
    get = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=60"]
    if error := _run([*get, "update"], UPDATE_DEADLINE):
        print(f"debian: {error}; going on with the lists there are", file=sys.stderr)
    return _run([*get, "-y", "--no-install-recommends", "install", *packages], INSTALL_DEADLINE)


def _run(command: list[str], deadline: float) -> str:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=deadline, env=environment, check=False
        )
    except subprocess.TimeoutExpired:
        return f"{command[0]} took over {deadline:.0f} s"
    lines = done.stderr.strip().splitlines() or ["no output"]
    return "" if done.returncode == 0 else f"{command[0]} failed: {lines[-1]}"


def main() -> int:
    """Install what is missing; exit 1 with one line when something stays so."""
    absent = missing()
    if not absent:
        return 0
    error = install(absent) if can_install() else "not root, or no apt"
    if still := missing():
        reason = error or "not in the packages"
        print(f"debian: tests that need {', '.join(still)} cannot run: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
