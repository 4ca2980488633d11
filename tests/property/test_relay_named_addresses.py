"""Attack 27: the relay sends to where datagrams came from, whatever address a member names."""

import ast
from collections.abc import Callable, Iterable
from typing import Final

import pytest

from packhorse.wire.address import TransportAddress, encode_address
from packhorse.wire.codec import encode_body
from packhorse.wire.constants import DropReason, FirstByte
from packhorse.wire.ctrl import decode_ctrl, encode_ctrl
from packhorse.wire.fields import FieldType, Sender
from packhorse.wire.messages import (
    MESSAGE_CLASSES,
    Admit,
    Kick,
    Leave,
    MemberSeal,
    PathResponse,
    Ping,
    SetRoom,
    Signal,
    Sync,
)
from packhorse.wire.msgpack_profile import Value
from packhorse.wire.seal import seal_body
from packhorse.wire.stun import Attribute, StunMessage, StunType, decode_stun, encode_stun
from tests.support import layout
from tests.support.applicant import Applicant, nonce
from tests.support.binding_harness import Binding
from tests.support.relay_harness import Rig, Sent, address

EVE: Final = address(900)
HOST: Final = address(1)
VICTIMS: Final = [
    TransportAddress("203.0.113.9", 6969),
    TransportAddress("127.0.0.1", 22),
    TransportAddress("::1", 22),
    TransportAddress("::ffff:127.0.0.1", 22),
]
OPAQUE: Final = frozenset(
    (
        "nonce",
        "cookie",
        "ticket",
        "access",
        "proof",
        "resume_ticket",
        "challenge",
        "password",
        "pad",
    )
)
"""Bytes that are compared with what the relay knows."""
HANDED_ON: Final = frozenset(("metadata", "data"))
"""Bytes that other members get as they are."""
SIGNED: Final = {
    message
    for message in MESSAGE_CLASSES.values()
    if message.SENDER is Sender.MEMBER and message.CARRIER is FirstByte.SEAL
}
TEXTS: Final = frozenset(("code", "after", "name"))
CONNECTING: Final = frozenset(
    (
        "connect",
        "connect_ex",
        "create_connection",
        "open_connection",
        "sock_connect",
        "getaddrinfo",
        "gethostbyname",
        "urlopen",
        "HTTPConnection",
        "HTTPSConnection",
    )
)


def forms_of(victim: TransportAddress) -> list[Value]:
    """Return an address as a member might write it."""
    text = (
        f"[{victim.host}]:{victim.port}" if ":" in victim.host else f"{victim.host}:{victim.port}"
    )
    return [encode_address(victim), text, text.encode(), victim.host, [victim.host, victim.port]]


def named(victim: TransportAddress) -> dict[int, Value]:
    """Return fields that no version knows, each with the address in another form."""
    return dict(enumerate(forms_of(victim), 112))


def receivers(sent: Iterable[Sent]) -> set[TransportAddress]:
    return {at for _, at in sent}


def test_attack_27_no_member_can_name_an_address() -> None:
    """Whatever field of bytes or text is new must be looked at, and named here."""
    fields = [
        field
        for message in MESSAGE_CLASSES.values()
        if message.SENDER is Sender.MEMBER
        for field in message.FIELDS
    ]
    by_type = {kind: {f.name for f in fields if f.type is kind} for kind in FieldType}

    assert by_type[FieldType.BYTES] == OPAQUE | HANDED_ON | {"pad"}
    assert by_type[FieldType.STR] == TEXTS
    assert by_type[FieldType.RECORDS] == set()


REQUESTS: Final[dict[str, Callable[[Rig, Applicant, str], bytes]]] = {
    "hello": lambda _rig, eve, _code: eve.hello(),
    "create": lambda rig, eve, _code: eve.create(rig.cookie(eve)),
    "join": lambda rig, eve, code: eve.join(rig.cookie(eve), code),
    "list_rooms": lambda rig, eve, _code: eve.list_rooms(rig.cookie(eve)),
    "bind": lambda rig, eve, _code: Binding(
        at=eve.address, session=1, key=bytes(32), ticket=None
    ).datagram(rig),
}


@pytest.mark.parametrize("victim", VICTIMS, ids=lambda victim: victim.host)
@pytest.mark.parametrize("request_name", REQUESTS)
def test_attack_27_address_in_a_request_is_not_sent_to(
    request_name: str, victim: TransportAddress
) -> None:
    rig = Rig()
    host = rig.create(HOST)
    eve = Applicant(address=EVE, nonce=nonce(7))
    data = REQUESTS[request_name](rig, eve, host.code)
    message = decode_ctrl(data, Sender.MEMBER)
    outcome = rig.send(encode_ctrl(message, 1, named(victim)), EVE)

    assert EVE in receivers(outcome.sent)
    assert receivers(outcome.sent + rig.advance(300)) <= {EVE, HOST}


def messages_naming(victim: TransportAddress) -> list[MemberSeal]:
    """Return one message of every type that a session's key signs, LEAVE last."""
    told = encode_address(victim)
    return [
        Ping(seq=1, pad=told),
        Sync(seq=2, since=0),
        Kick(seq=3, peer=9),
        SetRoom(seq=4, listed=True, metadata=told),
        Admit(seq=5, request=1, admit=True),
        Signal(seq=6, peer=2, data=told),
        PathResponse(seq=7, challenge=(told + told)[:8]),
        Leave(seq=8),
    ]


@pytest.mark.parametrize("victim", VICTIMS, ids=lambda victim: victim.host)
def test_attack_27_address_in_a_signed_message_is_not_sent_to(victim: TransportAddress) -> None:
    rig = Rig()
    members = rig.room(3)
    host, messages = members[0], messages_naming(victim)
    sent, drops = [], []
    for message in messages:
        body = encode_body(message, named(victim))
        data = seal_body(body, host.grant.session, host.grant.tag, host.keys.member_to_relay)
        outcome = host.send(data)
        sent += outcome.sent
        drops.append(outcome.drop)

    assert {type(message) for message in messages} == SIGNED
    assert drops == [None] * 6 + [DropReason.UNEXPECTED_MESSAGE, None]
    assert receivers(sent + rig.advance(300)) <= {member.address for member in members}


@pytest.mark.parametrize("attribute", [0x0002, 0x0004, 0x000B, 0x0027, 0x8003])
@pytest.mark.parametrize("victim", VICTIMS[:2], ids=lambda victim: victim.host)
def test_attack_27_stun_answers_go_to_whoever_asked(
    attribute: int, victim: TransportAddress
) -> None:
    """RESPONSE-ADDRESS and its like of RFC 3489, RESPONSE-PORT of RFC 5780."""
    told = b"\0\1" + victim.port.to_bytes(2, "big") + encode_address(victim)[:4]
    attributes = ((attribute, told), (int(Attribute.PADDING), bytes(60)))
    rig = Rig()
    outcome = rig.send(encode_stun(StunMessage(StunType.REQUEST, bytes(12), attributes)), EVE)

    assert receivers(outcome.sent) == {EVE}
    (answer,) = outcome.sent
    is_refused = decode_stun(answer.data).get(Attribute.ERROR_CODE) is not None
    assert is_refused == (attribute < 0x8000)


def test_attack_27_relay_opens_no_connection_and_looks_up_no_name() -> None:
    """There is no hook or other server that it could be made to ask."""
    calls = {
        (layout.relative(path), node.attr if isinstance(node, ast.Attribute) else node.id)
        for path in (layout.REPOSITORY / "relay").rglob("*.py")
        if "bench" not in path.parts
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute | ast.Name)
    }

    assert len(calls) > 1000
    assert {call for call in calls if call[1] in CONNECTING} == set()
