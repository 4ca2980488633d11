"""The relay's certificate is read again when its files change."""

import asyncio
import os
import ssl
from contextlib import suppress
from pathlib import Path

import pytest

from packhorse.wire.errors import ConfigurationError
from packhorse_relay.aio.certificates import Certificates
from packhorse_relay.aio.server import RelayServer
from packhorse_relay.core.connections import ConnectionEnd
from packhorse_relay.core.settings import Settings
from packhorse_relay.core.websocket_settings import WebSocketSettings
from tests.support.certificate import encrypt_key, make_certificate
from tests.support.waiting import until


def write_key(key: Path, content: bytes) -> None:
    key.touch(0o600)
    key.write_bytes(content)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return make_certificate(tmp_path, name="first")


def test_changed_file_is_noticed_at_the_next_look(files: tuple[Path, Path]) -> None:
    certificates = Certificates(*map(str, files))
    first = certificates.context
    certificates.reload_if_changed(now=0.0)
    assert certificates.context is first

    make_certificate(files[0].parent, name="second")
    certificates.reload_if_changed(now=9.0)
    assert certificates.context is first  # too early to look again
    certificates.reload_if_changed(now=10.0)

    assert certificates.context is not first


@pytest.mark.parametrize("breakage", ["missing", "garbage", "other key"])
def test_renewal_that_fails_leaves_the_old_one_and_is_tried_again(
    files: tuple[Path, Path], breakage: str, tmp_path: Path
) -> None:
    cert, key = files
    certificates = Certificates(str(cert), str(key))
    first, good = certificates.context, key.read_bytes()
    (tmp_path / "other").mkdir()
    _, other = make_certificate(tmp_path / "other", name="other")
    contents = {"missing": None, "garbage": b"?", "other key": other.read_bytes()}[breakage]
    key.unlink()
    if contents is not None:
        write_key(key, contents)

    certificates.reload_if_changed(now=0.0)
    assert certificates.context is first

    write_key(key, good)
    os.utime(key, ns=(1, 1))  # another time than any before
    certificates.reload_if_changed(now=10.0)
    assert certificates.context is not first


def test_attack_28_key_that_every_user_of_the_machine_may_read_is_refused(
    files: tuple[Path, Path],
) -> None:
    cert, key = files
    key.chmod(0o644)

    with pytest.raises(ConfigurationError, match="others may read") as refused:
        Certificates(str(cert), str(key))

    assert refused.value.advice == f"chmod o-rwx {key}"


@pytest.mark.parametrize("readable", [0o440, 0o640])  # container platforms; the group ssl-cert
def test_certificate_that_everybody_may_read_is_refused_only_with_a_key_in_it(
    files: tuple[Path, Path], readable: int
) -> None:
    cert, key = files
    cert.chmod(0o644)
    key.chmod(readable)
    Certificates(str(cert), str(key))
    cert.write_bytes(cert.read_bytes() + key.read_bytes())

    with pytest.raises(ConfigurationError, match="others may read"):
        Certificates(str(cert), None)


def test_renewed_key_that_everybody_may_read_is_taken_when_its_rights_are_in_order(
    files: tuple[Path, Path], caplog: pytest.LogCaptureFixture
) -> None:
    cert, key = files
    certificates = Certificates(str(cert), str(key))
    first = certificates.context
    make_certificate(cert.parent, name="second")
    key.chmod(0o644)

    certificates.reload_if_changed(now=0.0)
    assert certificates.context is first
    assert f"others may read {key}" in caplog.text

    key.chmod(0o600)
    certificates.reload_if_changed(now=10.0)
    assert certificates.context is not first


@pytest.mark.parametrize("sent", [b"", b"GET /v1 HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" * 9])
async def test_whoever_does_not_speak_tls_is_closed_counted_and_not_logged(
    files: tuple[Path, Path], sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """WS-5: the time for TLS is part of the time to open."""
    cert, key = map(str, files)
    relay = RelayServer(
        bind=["127.0.0.1"],
        port=0,
        settings=Settings(websocket_open_timeout=0.5),
        websocket=WebSocketSettings(tls_cert=cert, tls_key=key),
    )
    async with relay:
        reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
        writer.write(sent)
        with suppress(ConnectionError):
            while await asyncio.wait_for(reader.read(4096), 5.0):  # perhaps an alert
                pass
        writer.transport.abort()
        await until(lambda: relay.websocket_ends == {ConnectionEnd.NOT_OPENED: 1})
        assert relay.websocket_count == 0

    assert caplog.records == []


def test_encrypted_key_is_refused_and_no_password_asked_for(files: tuple[Path, Path]) -> None:
    cert, key = files

    with pytest.raises(ConfigurationError, match="encrypted"):
        Certificates(str(cert), str(encrypt_key(key)))


def test_old_versions_of_tls_are_not_spoken(files: tuple[Path, Path]) -> None:
    context = Certificates(*map(str, files)).context

    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
