"""Programs that the system has or has not."""

import os
import shutil

import pytest

from tests.support.provision_debian import PACKAGES, SYSTEM_PATH


def program(name: str) -> str:
    """Return where a program is; without it the test is skipped, and fails under CI."""
    path = shutil.which(name, path=SYSTEM_PATH)
    if path is None:
        reason = f"needs {name} (Debian package {PACKAGES[name]})"
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return path
