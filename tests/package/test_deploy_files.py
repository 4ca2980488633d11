"""What deploy/ says, held against itself and against the relay."""

import re
from typing import Any, Final

import pytest
import yaml

from packhorse.core.relay_address import DEFAULT_PORT
from packhorse.wire.constants import DRAIN_TIME
from packhorse_relay.config import ALL_KEYS, ENVIRONMENT_PREFIX
from packhorse_relay.config_values import from_text
from tests.support.layout import REPOSITORY
from tests.support.processes import run

DEPLOY: Final = REPOSITORY / "deploy"
DOCKERFILE: Final = (DEPLOY / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
IMAGE: Final[dict[str, Any]] = {
    "User": "65532:65532",
    "Entrypoint": ["packhorse-relay"],
    "Env": ["PATH=/bin"],
    "Volumes": {"/var/lib/packhorse": {}},
}


@pytest.fixture
def service() -> dict[str, Any]:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    found: dict[str, Any] = compose["services"]["relay"]
    return found


def instruction(name: str) -> list[str]:
    """Return the arguments of an instruction of the image's last stage, each time it is there."""
    stage = DOCKERFILE.rpartition("\nFROM ")[2]
    return re.findall(rf"^{name}\s+(.*)$", stage, re.MULTILINE)


def environment(text: str) -> dict[str, str]:
    """Return the relay's keys that variables set."""
    pairs = re.findall(rf"{ENVIRONMENT_PREFIX}(\w+)[=:]\s*(\S+)", text)
    return {name.lower(): value for name, value in pairs}


def test_container_is_nobody_in_particular_and_can_write_only_its_state(
    service: dict[str, Any],
) -> None:
    (user,), (volume,) = instruction("USER"), instruction("VOLUME")

    assert all(int(part) > 0 for part in user.split(":"))
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["volumes"] == [f"state:{volume}"]
    assert environment(DOCKERFILE)["state_dir"] == volume


def test_container_offers_the_ports_of_the_relay() -> None:
    ports = [f"{DEFAULT_PORT}/udp", f"{DEFAULT_PORT}/tcp", f"{DEFAULT_PORT + 1}/udp"]  # STUN
    assert instruction("EXPOSE") == ports


def test_variables_are_keys_of_the_relay_with_good_values() -> None:
    for file in ("Dockerfile", "compose.yaml"):
        found = environment((DEPLOY / file).read_text("utf-8"))
        assert found
        for name, value in found.items():
            from_text(ALL_KEYS[name], value, file)


def test_health_check_asks_the_admin_listener_that_is_there() -> None:
    (check,) = instruction("HEALTHCHECK")

    assert f"http://{environment(DOCKERFILE)['admin']}/healthz" in check


def test_all_ways_to_stop_leave_the_rooms_their_time(service: dict[str, Any]) -> None:
    unit = (DEPLOY / "packhorse-relay.service").read_text("utf-8")

    assert int(service["stop_grace_period"].removesuffix("s")) > DRAIN_TIME
    assert int(re.findall(r"TimeoutStopSec=(\d+)", unit)[0]) > DRAIN_TIME


def test_proxies_go_to_the_port_of_the_relay() -> None:
    for file in ("nginx.conf", "Caddyfile"):
        assert f"127.0.0.1:{DEFAULT_PORT}" in (DEPLOY / file).read_text("utf-8")


def test_script_that_checks_the_image_is_a_shell_script() -> None:
    done = run(["sh", "-n", str(DEPLOY / "check_image.sh")], timeout=30)

    assert (done.returncode, done.stdout) == (0, "")


def test_checked_image_runs_with_the_limits_of_the_container(service: dict[str, Any]) -> None:
    names: dict[str, Any] = {}
    exec(compile((DEPLOY / "runtime_spec.py").read_text("utf-8"), "runtime_spec", "exec"), names)  # noqa: S102 - ours
    spec: dict[str, Any] = {"process": {}, "mounts": []}

    names["restrict"](spec, IMAGE, "/root-of-image", "/state")

    assert spec["root"] == {"path": "/root-of-image", "readonly": service["read_only"]}
    assert spec["process"]["user"] == {"uid": 65532, "gid": 65532}
    assert not any(spec["process"]["capabilities"].values())
    assert spec["process"]["noNewPrivileges"]
    assert spec["mounts"][-1]["destination"] == service["volumes"][0].partition(":")[2]
