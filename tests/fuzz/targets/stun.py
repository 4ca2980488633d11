"""STUN messages, at a relay and at whoever asks one."""

from collections.abc import Iterable

from packhorse.core.stun_client import StunClient
from packhorse.wire.address import TransportAddress
from packhorse.wire.stun import decode_stun, encode_request, encode_stun, encode_success, is_stun
from tests.fuzz.oracles import check, decoded
from tests.support.relay_harness import Rig, address
from tests.support.stun_samples import ANSWER_IPV4, ANSWER_IPV6, REQUEST

_TRANSACTION = bytes(12)
_SERVER = TransportAddress("198.51.100.1", 6969)


def seeds() -> Iterable[bytes]:
    """Return the samples of RFC 5769, and requests as members send them."""
    asked = [
        encode_request(_TRANSACTION, size=80, from_other_port=other) for other in (False, True)
    ]
    return [REQUEST, ANSWER_IPV4, ANSWER_IPV6, *asked, encode_success(_TRANSACTION, _SERVER, 6970)]


def run(data: bytes) -> None:
    """Show a datagram to both sides: the relay never answers with more bytes (STUN-2)."""
    outcome = Rig().send(data, address(1))
    check(sum(len(sent.data) for sent in outcome.sent) <= len(data), "a larger answer")
    if not is_stun(data):
        return
    message = decoded(lambda: decode_stun(data))
    if message is not None:
        again = decoded(lambda: decode_stun(encode_stun(message)))
        check(again in (None, message), "another message")  # None: no place for FINGERPRINT
        decoded(lambda: (message.mapped, message.other_port))
    client = StunClient(lambda size: data[8:20].ljust(size, b"\0"))
    client.ask(_SERVER, now=0.0)
    decoded(lambda: client.receive(data, _SERVER, now=0.1))
