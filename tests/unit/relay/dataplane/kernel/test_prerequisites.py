"""Why the data plane `kernel` cannot run somewhere."""

import errno
from typing import NoReturn

import pytest

from packhorse.wire.errors import ConfigurationError
from packhorse_relay.dataplane.kernel import prerequisites
from packhorse_relay.dataplane.kernel.prerequisites import cannot_attach, require


@pytest.fixture(autouse=True)
def _good_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("sys.byteorder", "little")
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    monkeypatch.setattr("platform.release", lambda: "6.12.1-rpi")
    monkeypatch.setattr("struct.calcsize", lambda _format: 8)


def refusal(attach: str = "tcx") -> ConfigurationError:
    with pytest.raises(ConfigurationError) as refused:
        require(attach)
    return refused.value


def test_needs_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")

    assert "needs Linux" in refusal().problem
    assert refusal().advice == "use --dataplane auto"


def test_needs_64_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("struct.calcsize", lambda _format: 4)

    assert "64-bit" in refusal().problem


def test_needs_little_endian(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.byteorder", "big")

    assert "little-endian" in refusal().problem


def test_needs_a_known_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "sparc64")

    assert "sparc64" in refusal().problem


@pytest.mark.parametrize(
    ("attach", "release"),
    [("tcx", "6.5.0"), ("tcx", "5.15.0-91-generic"), ("xdp", "5.18.9"), ("xdp-generic", "strange")],
)
def test_needs_a_new_kernel(monkeypatch: pytest.MonkeyPatch, attach: str, release: str) -> None:
    monkeypatch.setattr("platform.release", lambda: release)

    assert release in refusal(attach).problem
    assert "needs Linux" in refusal(attach).problem


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EPERM, "CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON"),
        (errno.ENOSYS, "no bpf(2)"),
        (errno.EINVAL, "refuses the program"),
    ],
)
def test_refusal_of_the_kernel_is_told(
    monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    def refuse() -> NoReturn:
        raise OSError(number, "said the kernel")

    monkeypatch.setattr(prerequisites, "Tables", refuse)

    assert words in refusal().problem


def test_missing_capabilities_come_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> NoReturn:
        raise PermissionError(errno.EPERM, "no")

    monkeypatch.setattr(prerequisites, "Tables", refuse)

    assert "docs/running-a-relay.md" in refusal().advice
    assert "--dataplane auto" in refusal().advice


def test_advice_where_no_interface_takes_it_names_the_way_that_most_do() -> None:
    assert "kernel_attach=tcx" in cannot_attach("xdp").advice
    assert "kernel_attach" not in cannot_attach("tcx").advice
