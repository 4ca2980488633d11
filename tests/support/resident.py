"""How much memory a process has in use."""

import re
from pathlib import Path


def resident_bytes(pid: int) -> int:
    """Return the memory that a process has in use."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024
