"""A relay with the data plane `kernel` between two networks: what it carries, what remains."""

import os
import select
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

from packhorse.core.events import Limited
from packhorse.core.joining import CreateRoom, JoinRoom
from packhorse.core.session import MemberSession
from packhorse.wire.constants import FirstByte
from packhorse.wire.room_code import RoomCode
from packhorse_relay.bench.members import Member, connected, join_room
from tests.support.netns import Host
from tests.support.processes import Started, run
from tests.support.programs import program
from tests.support.relay_network import RelayNetwork, stop

PORT: Final = 6969
PATIENCE: Final = 10.0  # seconds
SILENCE: Final = 0.3  # seconds in which nothing must come
RELAY: Final = (
    *(sys.executable, "-m", "packhorse", "relay", "--json", "--drain-time", "0"),
    *("--port", str(PORT)),
)
KERNEL: Final = (*RELAY, "--dataplane", "kernel")
UNLIMITED: Final = ("--profile", "unlimited")

# The relay is stopped as soon as all was forwarded; on a busy machine that can be too soon.
pytestmark = [pytest.mark.usefixtures("netns", "bpf"), pytest.mark.quiet]


@pytest.fixture
def lab() -> Iterator[RelayNetwork]:
    with RelayNetwork() as lab:
        yield lab


@contextmanager
def relay_in(lab: RelayNetwork, *options: str) -> Iterator[Started]:
    with Started(lab.relay.command([*KERNEL, *(options or UNLIMITED)])) as relay:
        relay.wait_for("listening", timeout=20)
        yield relay


class Talk:
    """Two members of one room, each in a network of its own."""

    def __init__(
        self,
        lab: RelayNetwork,
        *,
        v6: tuple[bool, bool] = (False, False),
        hosts: tuple[Host, Host] | None = None,
    ) -> None:
        one, other = hosts or lab.hosts
        self._lab = lab
        self._v6 = v6
        with lab.inside(one):
            self.one, self.session = join_room(self.address(0), CreateRoom())
            lab.closing.enter_context(self.one.sock)
        with lab.inside(other):
            self.other, _ = join_room(self.address(1), JoinRoom(RoomCode(self.session.code)))
            lab.closing.enter_context(self.other.sock)

    def address(self, number: int) -> tuple[str, int]:
        return self._lab.relay_address(number, is_v6=self._v6[number]), PORT

    def reaches_both(self) -> bool:
        """Tell whether a datagram gets through each way, at once."""
        return self.gets_through(self.one, self.other) and self.gets_through(self.other, self.one)

    def gets_through(self, sender: Member, receiver: Member) -> bool:
        payload = os.urandom(20)
        with suppress(ConnectionRefusedError):  # there is no relay
            send(sender, receiver.peer, payload)
            return payload in received(receiver.sock, until=payload, seconds=SILENCE)
        return False

    def settle(self) -> None:
        """Talk until each has been heard often enough for the kernel to take over."""
        for _ in range(20):
            for member in (self.one, self.other):
                member.keep_session()
            assert self.reaches_both()


def send(sender: Member, peer: int, payload: bytes) -> None:
    sender.sock.send(sender.datagram_to(peer, payload))


def received(sock: socket.socket, *, until: bytes = b"", seconds: float = SILENCE) -> list[bytes]:
    """Return payloads of DATA that come within some seconds, or until a certain one has."""
    payloads = list[bytes]()
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0 and until not in payloads:
        if select.select([sock], [], [], left)[0]:
            data = sock.recv(2048)
            if data[0] == FirstByte.DATA:
                payloads.append(data[6:])
    return payloads


@contextmanager
def stopped(relay: Started) -> Iterator[None]:
    """Let the relay's process do nothing: what is still forwarded, the kernel forwards."""
    relay.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        relay.signal(signal.SIGCONT)


def kernel_carries(talk: Talk, relay: Started) -> bool:
    """Tell whether both are reached while the relay's process stands still, before long.

    The kernel takes over when the relay has looked at both senders' budgets.
    """
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with stopped(relay):
            if talk.reaches_both():
                return True
        talk.settle()
    return False


@pytest.mark.parametrize("is_v6", [False, True], ids=["ipv4", "ipv6"])
@pytest.mark.parametrize("attach", ["tcx", "xdp-generic", "xdp"])
def test_members_talk_while_the_relays_process_stands_still(
    lab: RelayNetwork, attach: str, *, is_v6: bool
) -> None:
    if attach != "tcx":
        lab.behave_like_cards()
    with relay_in(lab, *UNLIMITED, "--set", f"kernel_attach={attach}") as relay:
        talk = Talk(lab, v6=(is_v6, is_v6))
        talk.settle()

        assert kernel_carries(talk, relay)
        with stopped(relay):
            assert all(talk.reaches_both() for _ in range(20))
        assert talk.reaches_both()


def test_members_of_one_network_talk_while_the_relays_process_stands_still(
    lab: RelayNetwork,
) -> None:
    with relay_in(lab) as relay:
        talk = Talk(lab)
        with lab.inside(lab.hosts[0]):
            talk.other, _ = join_room(talk.address(0), JoinRoom(RoomCode(talk.session.code)))
            lab.closing.enter_context(talk.other.sock)
        talk.settle()

        assert kernel_carries(talk, relay)


def test_members_on_the_relays_machine_talk_while_its_process_stands_still(
    lab: RelayNetwork,
) -> None:
    with relay_in(lab) as relay:
        talk = Talk(lab, hosts=(lab.relay, lab.relay))
        talk.settle()

        assert kernel_carries(talk, relay)


def test_member_on_the_relays_machine_talks_to_one_elsewhere(lab: RelayNetwork) -> None:
    with relay_in(lab):
        talk = Talk(lab, hosts=(lab.relay, lab.hosts[1]))

        talk.settle()


def test_ipv4_and_ipv6_member_talk_by_the_relays_process(lab: RelayNetwork) -> None:
    with relay_in(lab) as relay:
        talk = Talk(lab, v6=(False, True))
        talk.settle()

        with stopped(relay):
            assert not talk.gets_through(talk.one, talk.other)
        assert talk.reaches_both()


def test_attack_05_moved_member_is_reached_at_its_new_address_only(lab: RelayNetwork) -> None:
    with relay_in(lab) as relay:
        talk = Talk(lab)
        talk.settle()
        former = talk.other.sock
        with lab.inside(lab.hosts[1]):
            talk.other.sock = lab.closing.enter_context(connected(talk.address(1)))
        move(talk.other)
        received(former)
        talk.settle()

        assert kernel_carries(talk, relay)
        with stopped(relay):
            assert talk.reaches_both()
            send(talk.one, talk.other.peer, b"not for the former address")
            assert received(former) == []
            former.send(talk.other.datagram_to(talk.one.peer, b"from the former address"))
            assert received(talk.one.sock) == []
        assert received(talk.one.sock) == []


def move(member: Member) -> None:
    """Let a session announce the socket that it now has, and prove it."""
    session = joined(member)
    session.check_path(now=time.monotonic())
    mine = member.sock.getsockname()[1]
    deadline = time.monotonic() + PATIENCE
    while session.mapped_address.port != mine:
        assert time.monotonic() < deadline
        member.keep_session()
        select.select([member.sock], [], [], 0.01)


def joined(member: Member) -> MemberSession:
    assert member.session is not None
    return member.session


def test_attack_20_member_that_left_neither_sends_nor_receives(lab: RelayNetwork) -> None:
    with relay_in(lab) as relay:
        talk = Talk(lab)
        talk.settle()
        joined(talk.other).leave(now=time.monotonic())
        talk.other.keep_session()
        received(talk.other.sock)

        for _ in range(2):
            assert not talk.gets_through(talk.one, talk.other)
            assert not talk.gets_through(talk.other, talk.one)
        with stopped(relay):
            assert not talk.gets_through(talk.one, talk.other)


def test_killed_relay_leaves_nothing_in_the_kernel(lab: RelayNetwork) -> None:
    with relay_in(lab) as relay:
        talk = Talk(lab)
        talk.settle()
        relay.signal(signal.SIGKILL)
        relay.wait()

    assert not talk.gets_through(talk.one, talk.other)
    assert not talk.gets_through(talk.other, talk.one)
    with relay_in(lab) as relay:
        again = Talk(lab)
        again.settle()
        assert not talk.gets_through(talk.one, talk.other)
        assert kernel_carries(again, relay)


def test_attack_19_member_over_its_limit_is_limited_and_told(lab: RelayNetwork) -> None:
    limits = ["--set", "client_datagram_rate=200", "--set", "client_byte_rate=1000000"]
    with relay_in(lab, "--profile", "home", *limits) as relay:
        talk = Talk(lab)
        talk.settle()
        received(talk.one.sock)
        for number in range(3000):
            send(talk.other, talk.one.peer, b"%d" % number)
        came = received(talk.one.sock, seconds=1)
        talk.other.keep_session()
        events = iter(joined(talk.other).next_event, None)

        assert 50 <= len(came) <= 400  # what was left, one filling, and what the burst's time adds
        assert any(isinstance(event, Limited) for event in events)
        dropped = stop(relay)["drops"]["data_limited"]
        assert 1000 <= dropped <= 3000 - len(came)  # its socket's buffer is full at times


def test_lower_limits_reach_the_kernel_when_the_configuration_is_read_again(
    lab: RelayNetwork, tmp_path: Path
) -> None:
    configuration = tmp_path / "relay.toml"
    configuration.write_text('profile = "unlimited"\n')
    with relay_in(lab, "--config", str(configuration)) as relay:
        talk = Talk(lab)
        talk.settle()
        configuration.write_text("[limits]\nclient_datagram_rate = 200\n")

        relay.signal(signal.SIGHUP)
        relay.wait_for("was read again")
        for number in range(3000):
            send(talk.other, talk.one.peer, b"%d" % number)

        assert len(received(talk.one.sock, seconds=1)) <= 400


def test_forwarded_datagrams_count_when_the_relay_ends(lab: RelayNetwork) -> None:
    with relay_in(lab) as relay:
        talk = Talk(lab)
        talk.settle()

        assert stop(relay)["forwarded"] == 40


def test_capabilities_are_dropped_once_it_runs(lab: RelayNetwork) -> None:
    with relay_in(lab) as relay:
        talk = Talk(lab)
        talk.settle()  # which changes maps
        status = Path(f"/proc/{relay.pid}/status").read_text()

    held = dict(line.split(":\t") for line in status.splitlines() if line.startswith("Cap"))
    assert {held[name] for name in ("CapEff", "CapPrm", "CapInh", "CapAmb")} == {"0" * 16}


def test_three_capabilities_are_enough(lab: RelayNetwork) -> None:
    three = "-all,+bpf,+net_admin,+perfmon"
    weak = [program("setpriv"), f"--bounding-set={three}", "--inh-caps=-all"]
    with Started(lab.relay.command([*weak, *KERNEL, *UNLIMITED])) as relay:
        relay.wait_for("listening", timeout=20)
        talk = Talk(lab)
        talk.settle()

        assert kernel_carries(talk, relay)


def test_without_capabilities_kernel_is_refused_with_advice_and_auto_is_not() -> None:
    weak = [program("setpriv"), "--bounding-set=-all", "--inh-caps=-all"]

    refused = run([*weak, *KERNEL, "--bind", "127.0.0.1"], timeout=20)

    assert refused.returncode == 1
    assert "CAP_BPF" in refused.stdout
    assert "--dataplane auto" in refused.stdout
    with Started([*weak, *RELAY, "--port", "0", "--bind", "127.0.0.1"]) as relay:
        assert '"batched"' in relay.wait_for("listening", timeout=20)


def test_interface_that_takes_no_program_is_told(lab: RelayNetwork) -> None:
    here = ["--bind", "127.0.0.1", "--set", "kernel_attach=xdp"]

    refused = run(lab.relay.command([*KERNEL, *here]), timeout=20)

    assert refused.returncode == 1
    assert "kernel_attach=tcx" in refused.stdout
