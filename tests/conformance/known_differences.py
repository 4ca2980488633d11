"""Where the Python SDK does not do yet what SPEC.md section 16 says: nowhere.

A case named here is expected to fail, and a test fails when it passes.
"""

from typing import Final

VECTORS: Final[dict[str, str]] = {}
HANGS: Final[dict[str, str]] = {}
SCENARIOS: Final[dict[str, str]] = {}
