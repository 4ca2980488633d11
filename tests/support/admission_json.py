"""Decode and encode the vectors about who is served and who may join."""

from packhorse.wire.proofs import access_proof
from packhorse.wire.ticket import Permission, Ticket, open_ticket, sign_ticket
from tests.support.vectors import JsonObject, Vector


def decode_ticket(vector: Vector) -> JsonObject:
    """Return what a ticket says."""
    ticket = open_ticket(vector.data, _key(vector))
    return {
        "id": ticket.id.hex(),
        "permissions": str(int(ticket.permissions)),
        "expires_at": str(ticket.expires_at),
        "app": ticket.app,
        "max_peers": str(ticket.max_peers),
    }


def encode_ticket(vector: Vector, content: JsonObject) -> bytes:
    """Return the ticket that says this."""
    ticket = Ticket(
        id=bytes.fromhex(content["id"]),
        permissions=Permission(int(content["permissions"])),
        expires_at=int(content["expires_at"]),
        app=content["app"],
        max_peers=int(content["max_peers"]),
    )
    return sign_ticket(ticket, _key(vector))


def decode_proof(vector: Vector) -> JsonObject:
    """Return the proof for a cookie."""
    return {"proof": access_proof(_key(vector), vector.data).hex()}


def _key(vector: Vector) -> bytes:
    return bytes.fromhex(str(vector.given["key"]))
