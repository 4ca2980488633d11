"""Attacks on the relay by numbers of the list of attacks, and what they must not achieve."""

import hmac
from dataclasses import replace
from random import Random
from typing import Final

import hypothesis.strategies as st
import pytest
from hypothesis import given

from packhorse.wire import constants as c
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import DropReason, ErrorCode, FirstByte
from packhorse.wire.header import encode_destination, encode_header
from packhorse.wire.legacy import encode_legacy
from packhorse.wire.messages import Error, Grant, PathChallenge
from packhorse_relay.core.relay_legacy import LegacyRoom
from packhorse_relay.core.settings import Settings
from tests.support.applicant import Applicant, nonce
from tests.support.deliveries import deliveries
from tests.support.relay_harness import START, UNLIMITED, Members, Rig, Sent, address, seeded_bytes

EVE: Final = address(900)
VICTIM: Final = address(901)


def state_of(rig: Rig) -> list[tuple[object, ...]]:
    """Return what an attack must not change."""
    return [
        (
            s.id,
            s.peer,
            s.address,
            s.last_heard,
            s.is_lost,
            s.room.code,
            s.room.rev,
            s.window._newest,
        )
        for s in rig.core._registry.sessions.values()
    ]


def bytes_to(sent: list[Sent], to: TransportAddress) -> int:
    return sum(len(data) for data, at in sent if at == to)


def keep_alive(rig: Rig, members: Members, seconds: int) -> list[Sent]:
    """Let time pass while the members go on with PING."""
    sent: list[Sent] = []
    for _ in range(seconds // 5):
        sent += rig.advance(5)
        for member in members:
            sent += member.send(member.ping()).sent
    return sent


@pytest.mark.parametrize("first_byte", [FirstByte.DATA, FirstByte.FRAME])
def test_attack_01_data_from_elsewhere_with_every_tag_is_never_delivered(
    first_byte: FirstByte,
) -> None:
    """HDR-2: no id can be claimed, neither the host's nor another's."""
    rig = Rig()
    rig.room(3)
    outcomes = [
        rig.send(encode_destination(first_byte, tag, 0) + b"forged", EVE) for tag in range(256)
    ]

    assert [deliveries(outcome.sent) for outcome in outcomes] == [[]] * 256
    assert rig.core.drops == {DropReason.UNKNOWN_SOURCE: 256}


def test_attack_01_seal_from_elsewhere_with_every_tag_changes_nothing() -> None:
    """SEAL-1: the key counts, not the tag."""
    rig = Rig()
    host, _ = rig.room(2)
    before = state_of(rig)
    for tag in range(256):
        rig.send(encode_header(FirstByte.SEAL, tag, host.grant.session) + bytes(40), EVE)

    assert rig.core.drops == {DropReason.BAD_MAC: 256}
    assert state_of(rig) == before


def test_attack_02_forged_source_needs_the_right_one_of_256_tags() -> None:
    """A residual risk that the specification names: with the tag, DATA is delivered."""
    rig = Rig()
    _, client = rig.room(2)
    delivered = [
        tag
        for tag in range(256)
        if rig.send(encode_destination(FirstByte.DATA, tag, 1) + b"forged", client.address).drop
        is None
    ]

    assert delivered == [client.grant.tag]
    assert rig.core.drops == {DropReason.UNKNOWN_SOURCE: 255}


def test_attack_03_nonsense_from_the_victims_address_changes_nothing() -> None:
    """SEAL-1, SEAL-3: neither session nor lease; half of it looks like the victim's SEAL."""
    rig, random = Rig(), Random(3)  # noqa: S311 - repeatable by design
    _, victim = rig.room(2)
    before = state_of(rig)
    rig.advance(10)
    for number in range(10_000):
        data = random.randbytes(random.randrange(80))
        prefix = victim.ping()[:6] if number % 2 else b""
        rig.core.receive_datagram(prefix + data, victim.address, now=rig.now)

    assert state_of(rig) == before
    assert rig.core.drops[DropReason.BAD_MAC] > 3000


@given(body=st.binary(max_size=60), is_map=st.booleans(), type_byte=st.integers(0, 30))
def test_attack_03_signed_nonsense_of_a_member_raises_nothing(
    body: bytes,
    is_map: bool,  # noqa: FBT001
    type_byte: int,
) -> None:
    """SEAL-1, MSG-1: the key is right, what it signs is not."""
    rig = Rig()
    _, member = rig.room(2)
    signed = member.ping()[:6] + (bytes([0x82, 0, type_byte, 1]) if is_map else b"") + body
    key = member.keys.member_to_relay
    outcome = member.send(signed + hmac.digest(key, signed, "sha256")[: c.MAC_SIZE])

    assert outcome.drop is not DropReason.BAD_MAC
    assert {peer for _, peer, *_ in state_of(rig)} in ({1, 2}, {1})


@given(data=st.binary(max_size=100), first=st.sampled_from(b"\x00\xa4\xa5\xa6\xa7\xff"))
def test_attack_04_no_stranger_gets_more_than_was_sent(data: bytes, first: int) -> None:
    """JOIN-2."""
    rig = Rig()
    host, client = rig.room(2)
    client.send(client.leave())
    prefixes = [b"", bytes([first]), host.ping()[:6], client.ping()[:6], host.data(0, b"")]
    for prefix in prefixes:
        datagram = prefix + data
        assert bytes_to(rig.send(datagram, EVE).sent, EVE) <= len(datagram)


@given(size=st.integers(20, 1300), version=st.integers(0, 3), cookie=st.binary(max_size=20))
def test_attack_04_no_applicant_gets_more_than_was_sent(
    size: int, version: int, cookie: bytes
) -> None:
    """JOIN-2: before the cookie has come back."""
    rig = Rig()
    eve = Applicant(address=EVE, version_min=version, version_max=version)
    cookie = cookie.ljust(c.COOKIE_SIZE, b"\0")
    for data in (eve.hello(size), eve.create(cookie), eve.join(cookie, "00000000")):
        assert bytes_to(rig.send(data, EVE).sent, EVE) <= len(data)


@pytest.mark.parametrize("seconds", [1, 3])
def test_attack_04_flood_with_a_forged_source_is_answered_within_its_budget(seconds: int) -> None:
    """JOIN-2: 10 at once and 10 a second."""
    rig = Rig()
    answers = 0
    for _ in range(seconds * 1000):
        rig.now += 0.001
        answers += len(rig.send(b"\xa4" + bytes(20), VICTIM).sent)

    assert 10 * seconds <= answers <= 10 + 10 * seconds


def test_attack_05_ping_forged_from_a_victims_address_gets_one_small_challenge() -> None:
    """PATH-1: and no traffic is redirected."""
    rig = Rig()
    host, member = rig.room(2)
    ping = member.ping()
    outcome = member.send(ping, VICTIM)
    traffic = [host.send(host.data(2)).sent for _ in range(100)]

    assert [type(message) for message in member.heard(outcome.sent)] == [PathChallenge]
    assert len(outcome.sent) == 1
    assert bytes_to(outcome.sent, VICTIM) <= len(ping)
    assert {to for sent in traffic for _, to in sent} == {member.address}


def exchanged(relays: dict[TransportAddress, Rig], data: bytes) -> int:
    """Forge `data` from one relay to the other; count what both send until they are quiet."""
    first, second = relays
    waiting, count = [(data, second, first)], 0
    while waiting and count < 100:
        data, source, to = waiting.pop()
        answers = [sent for sent in relays[to].send(data, source).sent if sent.address in relays]
        count += len(answers)
        waiting += [(answer.data, to, answer.address) for answer in answers]
    return count


@pytest.mark.parametrize(
    "data",
    [
        Applicant(address=EVE).hello(),
        b"\xa4" + bytes(20),
        b"\xa5" + bytes(5) + b"\x81\x00\x07",
        b"\xa6" + bytes(40),
        b"\xa7" + bytes(1405),
        encode_legacy(1),
        encode_legacy(1, b"x"),
        encode_legacy(9),
    ],
)
def test_attack_06_two_relays_do_not_keep_each_other_busy(data: bytes) -> None:
    """MSG-4, LEG-3: what the old relay answered without end, it answered 46,895 times in 3 s."""
    relays = {address(1): Rig(legacy=LegacyRoom()), address(2): Rig(legacy=LegacyRoom())}

    assert exchanged(relays, data) <= 2


def test_attack_06_relay_does_not_answer_itself() -> None:
    """LEG-3."""
    own = address(1)
    rig = Rig(legacy=LegacyRoom({(own.host, own.port)}))

    assert exchanged({own: rig, address(2): rig}, encode_legacy(1)) <= 1
    assert rig.send(encode_legacy(1), own).drop is DropReason.LEGACY_OWN_ADDRESS


@pytest.mark.parametrize("ids", [1, 64])
def test_attack_06_keepalives_of_two_legacy_relays_come_to_an_end(ids: int) -> None:
    """LEG-3: one forged datagram for each id made them exchange 3 keepalives a second for ever."""
    relays = {address(1): Rig(legacy=LegacyRoom()), address(2): Rig(legacy=LegacyRoom())}
    for peer in range(1, 1 + ids):
        exchanged(relays, encode_legacy(peer))
    counts = [sum(keepalives_of_a_second(relays) for _ in range(300)) for _ in range(4)]

    assert 0 < counts[0] <= 4 * 300
    assert counts[2:] == [0, 0]


def keepalives_of_a_second(relays: dict[TransportAddress, Rig]) -> int:
    """Let a second pass; return how many datagrams the relays exchange in it."""
    keepalives = [(at, sent) for at, rig in relays.items() for sent in rig.advance(1)]
    return sum(
        1 + exchanged({to: relays[to], at: relays[at]}, data) for at, (data, to) in keepalives
    )


def test_attack_07_guessing_codes_from_one_source_soon_waits_longer_and_longer() -> None:
    """JOIN-5: an hour of trying gives a handful of answers that say anything."""
    rig = Rig()
    answers: list[int] = []
    for number in range(1800):
        eve = Applicant(address=EVE, nonce=nonce(number))
        answer = rig.ask_to_join(eve, f"{number:08}").answer
        answers += [answer.code] if isinstance(answer, Error) else []
        rig.advance(2)

    assert len(answers) == 1800
    assert answers.count(ErrorCode.JOIN_DENIED) < 120
    assert answers[:10] == [ErrorCode.JOIN_DENIED] * 10


def test_attack_07_guessing_codes_from_many_sources_is_limited_in_all() -> None:
    """JOIN-5: 50 at once and 50 a second, and as many again for who did not fail lately."""
    rig = Rig()
    answered = 0
    for number in range(500):
        eve = Applicant(address=address(number), nonce=nonce(number))
        answered += len(rig.ask_to_join(eve, f"{number:08}").sent)
        rig.advance(0.002)

    assert 50 <= answered <= 2 * (50 + 50)


def test_attack_07_mistyping_a_code_now_and_then_blocks_nobody() -> None:
    """The limiter's other side: nine errors, then the right code."""
    rig = Rig()
    host = rig.create(address(1))
    for number in range(9):
        rig.ask_to_join(Applicant(address=VICTIM, nonce=nonce(number)), "00000000")
        rig.advance(0.5)

    assert rig.join(host.code, VICTIM, number=99).peer == 2


def test_attack_09_repeated_seal_of_every_type_changes_nothing() -> None:
    """SEAL-1, SEAL-2, SEAL-3."""
    rig = Rig(UNLIMITED)
    host, member, other = rig.room(3)
    requests = [host.ping(), host.sync(0), host.kick(other.peer)]
    captured = [(data, host.address) for data in requests]
    for data, source in captured:
        rig.send(data, source)
    ping = member.ping()
    (challenge,) = member.heard(member.send(ping, VICTIM).sent)
    assert isinstance(challenge, PathChallenge)
    proof = member.path_response(challenge.challenge)
    rig.send(proof, VICTIM)
    rig.advance(1)
    before = state_of(rig)
    for data, source in [*captured, (ping, VICTIM), (proof, VICTIM)]:
        for at in (source, EVE, address(2)):
            rig.send(data, at)

    assert state_of(rig) == before


def test_attack_09_captured_seal_that_had_no_effect_renews_no_lease() -> None:
    """SEAL-3: what was dropped as path_unproven is not marked, so it may come for ever."""
    rig = Rig()
    host, member = rig.room(2)
    captured = member.sync(0)
    for _ in range(20):
        keep_alive(rig, [host], 5)
        member.send(captured, EVE)

    assert rig.core.session_count == 1


@pytest.mark.parametrize("seq", [1, 2**32 - 1])
def test_attack_09_replay_is_refused_at_both_ends_of_the_window(seq: int) -> None:
    """SEAL-1."""
    _, member = Rig().room(2)
    member.next_seq = seq
    ping = member.ping()

    assert [member.send(ping).drop for _ in range(3)] == [None] + [DropReason.REPLAYED] * 2


def test_attack_09_join_captured_on_the_path_works_for_10_s_and_starts_nothing_new() -> None:
    """JOIN-3, JOIN-4: from its address the same session, from elsewhere nothing."""
    rig = Rig()
    host = rig.create(address(1))
    bob = Applicant(address=address(2))
    join = bob.join(rig.cookie(bob), host.code)
    first = rig.send(join, bob.address).answer
    again = [rig.send(join, at).answer for at in (bob.address, bob.address._replace(listener=1))]
    stolen = rig.send(join, EVE)
    rig.advance(11)

    assert isinstance(first, Grant)
    assert {answer.session for answer in again if isinstance(answer, Grant)} == {first.session}
    assert stolen.drop is DropReason.COOKIE_INVALID
    assert rig.send(join, bob.address).drop is DropReason.COOKIE_INVALID
    assert rig.core.session_count == 2


def test_cookie_does_not_tell_a_stranger_how_long_the_machine_runs() -> None:
    """Two relays that started at the same time are at different times in their cookies."""
    rigs = [Rig(random_bytes=seeded_bytes(seed)) for seed in range(8)]
    times = [int.from_bytes(rig.cookie(Applicant(address=EVE))[:4], "big") for rig in rigs]

    assert min(abs(time - START) for time in times) > 3600
    assert len(set(times)) == len(times)


def test_attack_07_guessing_codes_from_ever_new_64_of_a_48_is_blocked() -> None:
    """A /48 has 16 times the failures of a source, not 65,536 times."""
    replies = Settings(reply_rate=1e6, reply_rate_total=1e6)
    rig = Rig(replace(replies, hello_rate=1e6, join_rate=1e6, join_failures_total=1e6))
    refusals: list[int] = []
    for number in range(400):
        at = TransportAddress(f"2001:db8:7:{number * 100:x}::1", 40000)
        answer = rig.ask_to_join(Applicant(address=at, nonce=nonce(number)), "00000000").answer
        assert isinstance(answer, Error)
        refusals.append(answer.code)

    assert refusals.count(ErrorCode.JOIN_DENIED) == 16 * 10 + 1
    assert set(refusals[161:]) == {ErrorCode.RATE_LIMITED}
