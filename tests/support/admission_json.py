"""Decode and encode the vectors about who is served and who may join."""

from packhorse.wire.proofs import (
    access_proof,
    mask_password_key,
    password_key,
    password_proof,
)
from packhorse.wire.room_code import RoomCode
from packhorse.wire.room_list import ListedRoom, decode_listed, encode_listed
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
    """Return the proof for a cookie, the key of a password, or that key masked."""
    given, data = vector.given, vector.data
    match given["of"]:
        case "access":
            proof = access_proof(_key(vector), data)
        case "password":
            proof = password_proof(_key(vector), data)
        case "mask":
            proof = mask_password_key(data, _key(vector), bytes.fromhex(str(given["nonce"])))
        case _:
            proof = password_key(data.decode(), RoomCode(given["code"]))
    return {"proof": proof.hex()}


def decode_room_list(vector: Vector) -> JsonObject:
    """Return the rooms of a page."""
    return {
        "rooms": [
            {
                "code": room.code,
                "peers": str(room.peers),
                "max_peers": str(room.max_peers),
                "password": room.has_password,
                "approval": room.needs_approval,
                "locked": room.is_locked,
                "metadata": room.metadata.hex(),
            }
            for room in decode_listed(vector.data)
        ]
    }


def encode_room_list(_vector: Vector, content: JsonObject) -> bytes:
    """Return the page with these rooms."""
    return b"".join(
        encode_listed(
            ListedRoom(
                RoomCode(room["code"]),
                int(room["peers"]),
                int(room["max_peers"]),
                room["password"],
                room["approval"],
                room["locked"],
                bytes.fromhex(room["metadata"]),
            )
        )
        for room in content["rooms"]
    )


def _key(vector: Vector) -> bytes:
    return bytes.fromhex(str(vector.given["key"]))
