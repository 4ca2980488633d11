"""Tests of the systemd unit and its installation."""

import configparser
import tomllib
from pathlib import Path

import pytest

from packhorse.wire.errors import ConfigurationError
from packhorse_relay.config import load_config
from packhorse_relay.service import UNIT, config_template, install_service, unit_text
from tests.support.layout import REPOSITORY

PROGRAM = "/opt/packhorse/bin/packhorse-relay"


def test_unit_starts_the_program_with_its_configuration() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign] # keys keep their case
    unit.read_string(unit_text(PROGRAM))

    assert unit["Service"]["ExecStart"] == f"{PROGRAM} --config /etc/packhorse/relay.toml"
    assert unit["Service"]["DynamicUser"] == "yes"
    assert unit["Service"]["StateDirectoryMode"] == "0700"


def test_unit_in_deploy_is_the_one_that_is_installed() -> None:
    assert (REPOSITORY / "deploy" / UNIT).read_text("utf-8") == unit_text(PROGRAM)


def test_configuration_of_a_new_service_is_good(tmp_path: Path) -> None:
    file = tmp_path / "relay.toml"
    file.write_text(config_template(), "utf-8")

    loaded = load_config(file, {}, {}, {})

    assert loaded.config.admin == "127.0.0.1:6970"
    assert "limits" in tomllib.loads(config_template())


def test_installing_writes_unit_and_configuration_and_says_so(tmp_path: Path) -> None:
    done = install_service(PROGRAM, tmp_path)

    unit, config = tmp_path / "etc/systemd/system" / UNIT, tmp_path / "etc/packhorse/relay.toml"
    assert done == [f"wrote {unit}", f"wrote {config}"]
    assert unit.read_text("utf-8") == unit_text(PROGRAM)


def test_installing_again_keeps_the_configuration(tmp_path: Path) -> None:
    install_service(PROGRAM, tmp_path)
    config = tmp_path / "etc/packhorse/relay.toml"
    config.write_text("port = 1\n")

    assert install_service(PROGRAM, tmp_path)[1] == f"kept {config}"
    assert config.read_text("utf-8") == "port = 1\n"


def test_installing_without_the_right_is_refused_with_advice(tmp_path: Path) -> None:
    (tmp_path / "etc").write_text("no folder")

    with pytest.raises(ConfigurationError, match="cannot write") as caught:
        install_service(PROGRAM, tmp_path)

    assert "sudo" in caught.value.advice
