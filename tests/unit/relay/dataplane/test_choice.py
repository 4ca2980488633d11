"""Which data plane a relay uses."""

import errno
from typing import NoReturn

import pytest

from packhorse.wire.errors import ConfigurationError
from packhorse_relay.dataplane import choice
from packhorse_relay.dataplane.batched import BatchedPlane
from packhorse_relay.dataplane.choice import ATTACH_NAMES, choose
from packhorse_relay.dataplane.kernel.plane import KernelPlane
from packhorse_relay.dataplane.portable import PortablePlane
from packhorse_relay.dataplane.system import SystemCalls


@pytest.fixture
def _sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forbid the system calls, as seccomp does."""

    def refuse(_self: SystemCalls) -> NoReturn:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(SystemCalls, "try_out", refuse)


@pytest.fixture
def _works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SystemCalls, "of_this_system", lambda: SystemCalls(_nothing, _nothing))
    monkeypatch.setattr(SystemCalls, "try_out", lambda _self: None)


def _nothing(_fd: int, _messages: int, _count: int, /) -> int:
    return 0


@pytest.mark.usefixtures("_works")
def test_auto_takes_the_best_that_works() -> None:
    assert choose("auto") is BatchedPlane


@pytest.mark.usefixtures("_sandbox")
def test_auto_is_content_with_what_works_everywhere() -> None:
    assert choose("auto") is PortablePlane


@pytest.mark.usefixtures("_sandbox")
def test_what_is_asked_for_by_name_is_refused_with_the_reason() -> None:
    with pytest.raises(ConfigurationError) as refused:
        choose("batched")

    assert "Operation not permitted" in refused.value.problem
    assert refused.value.advice == "use --dataplane auto"


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_batched_needs_linux(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", platform)

    assert choose("auto") is PortablePlane
    with pytest.raises(ConfigurationError, match="needs Linux"):
        choose("batched")


@pytest.mark.usefixtures("_sandbox")
def test_portable_is_had_by_name_without_a_trial() -> None:
    assert choose("portable") is PortablePlane


@pytest.mark.usefixtures("_works")
@pytest.mark.parametrize("attach", ATTACH_NAMES)
def test_kernel_is_what_was_asked_for(attach: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[str]()
    monkeypatch.setattr(choice, "require", asked.append)

    plane = choose("kernel", attach)

    assert issubclass(plane, KernelPlane)
    assert plane.attach == attach
    assert asked == [attach]


@pytest.mark.usefixtures("_works")
def test_auto_never_takes_datagrams_past_the_firewall(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "require", lambda _attach: None)

    assert not issubclass(choose("auto"), KernelPlane)
