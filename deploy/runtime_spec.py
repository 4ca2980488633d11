"""Turn what an image says into what runc needs, with the limits of compose.yaml.

python3 runtime_spec.py IMAGE.json CONFIG.json ROOTFS STATE    prints the health check as a command
"""

import json
import shlex
import sys
from pathlib import Path
from typing import Any

_SCRATCH = "/tmp"  # noqa: S108 - of the container
_SETS = ("bounding", "effective", "permitted", "inheritable", "ambient")


def restrict(spec: dict[str, Any], image: dict[str, Any], rootfs: str, state: str) -> None:
    """Change a default specification of runc in place."""
    user, group = (int(part) for part in image["User"].split(":"))
    spec["root"] = {"path": rootfs, "readonly": True}
    spec["process"] |= {
        "terminal": False,
        "args": image["Entrypoint"],
        "user": {"uid": user, "gid": group},
        "env": image["Env"],
        "noNewPrivileges": True,
        "capabilities": {name: [] for name in _SETS},
    }
    (volume,) = image["Volumes"]
    spec["mounts"] += [
        {
            "destination": _SCRATCH,
            "type": "tmpfs",
            "source": "tmpfs",
            "options": ["nosuid", "nodev"],
        },
        {"destination": volume, "type": "bind", "source": state, "options": ["bind", "rw"]},
    ]


def main() -> None:
    """Write the specification and print the health check."""
    told, config = Path(sys.argv[1]), Path(sys.argv[2])
    image = json.loads(told.read_text("utf-8"))["Docker"]["config"]
    spec = json.loads(config.read_text("utf-8"))
    restrict(spec, image, *sys.argv[3:5])
    config.write_text(json.dumps(spec), "utf-8")
    kind, *command = image["Healthcheck"]["Test"]
    print(command[0] if kind == "CMD-SHELL" else shlex.join(command))


if __name__ == "__main__":
    main()
