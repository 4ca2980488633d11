"""Tests of the operator's keys: read from files that not everybody may read."""

import os
from pathlib import Path

import pytest

from packhorse.cli.ticket import write_key
from packhorse.wire.errors import ConfigurationError
from packhorse_relay.access_options import operator_keys
from packhorse_relay.config import RelayConfig

pytestmark = pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")


def config_of(name: str, file: Path) -> RelayConfig:
    if name == "ticket_key":
        return RelayConfig(ticket_key=str(file))
    return RelayConfig(access_key_file=str(file))


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """Give a file with a new key."""
    file = tmp_path / "relay.key"
    write_key(str(file))
    return file


@pytest.mark.parametrize("name", ["ticket_key", "access_key_file"])
def test_key_that_every_user_of_the_machine_may_read_is_refused(key: Path, name: str) -> None:
    """Attack 28: another user of the machine reads the relay's keys."""
    key.chmod(0o644)

    with pytest.raises(ConfigurationError) as refused:
        operator_keys(config_of(name, key))

    assert str(refused.value) == f"others may read {key}"
    assert refused.value.advice == f"chmod o-rwx {key}"


@pytest.mark.parametrize("name", ["ticket_key", "access_key_file"])
def test_key_for_its_owner_and_group_is_taken(key: Path, name: str) -> None:
    key.chmod(0o640)

    keys = operator_keys(config_of(name, key))

    assert [keys.ticket_key, keys.access_key].count(None) == 1
