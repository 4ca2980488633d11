"""Topic candidates: the field `candidates` of OFFER (SPEC.md section 18.2), assembled by hand."""

from collections.abc import Iterator

from tests.support.vector_cases.build import Case, Json, unhex

_V4 = "01 06 c0000207 d431"
_V6 = "02 12 20010db8 00000000 00000000 00000001 0050"
_HOST_V4 = {"kind": "HOST", "host": "192.0.2.7", "port": "54321"}
_REFLEXIVE_V6 = {"kind": "REFLEXIVE", "host": "2001:db8::1", "port": "80"}


def cases() -> Iterator[Case]:
    """Yield the cases of candidates.json."""
    yield from _read()
    yield from _skipped()
    yield from _refused()


def _numbered(count: int) -> str:
    return "".join(f"01 06 0a000001 {number:04x}" for number in range(1, count + 1))


def _read() -> Iterator[Case]:
    yield _valid("none", "No bytes name nothing.", "")
    by_hand = "Kind 1, 6 bytes: c0 00 02 07 = 192.0.2.7, d431 = 54321."
    yield _valid("ipv4", by_hand, _V4, _HOST_V4)
    by_hand = "Kind 2, 0x12 = 18 bytes: 16 of IPv6, 0050 = 80."
    yield _valid("ipv6", by_hand, _V6, _REFLEXIVE_V6)
    yield _valid("both", "One behind the other.", f"{_V4} {_V6}", _HOST_V4, _REFLEXIVE_V6)
    for kind, name in enumerate(("HOST", "REFLEXIVE", "MAPPED", "PREDICTED"), 1):
        found = {"kind": name, "host": "10.0.0.1", "port": "256"}
        yield _valid(f"kind_{kind}", f"{kind} is {name}.", f"{kind:02x} 06 0a000001 0100", found)
    port_0 = {"kind": "HOST", "host": "10.0.0.1", "port": "0"}
    yield _valid("port_0", "Decoded, though never checked.", "01 06 0a000001 0000", port_0)
    loopback: Json = {"kind": "HOST", "host": "127.0.0.1", "port": "9"}
    mapped = "01 12 00000000 00000000 0000ffff 7f000001 0009"
    yield Case(
        id="ipv4_mapped",
        comment="IPv4-mapped IPv6 is IPv4, and written as that.",
        data=unhex(mapped),
        decoded={"candidates": [loopback]},
        reencoded=unhex("01 06 7f000001 0009"),
        flags=("attack",),
    )
    sixteen = [{"kind": "HOST", "host": "10.0.0.1", "port": str(n)} for n in range(1, 17)]
    yield _valid("sixteen", "The most that count.", _numbered(16), *sixteen, flags=("boundary",))


def _skipped() -> Iterator[Case]:
    sixteen = [{"kind": "HOST", "host": "10.0.0.1", "port": str(n)} for n in range(1, 17)]
    yield _counted(
        "seventeen", "The first 16 count.", _numbered(17), _numbered(16), sixteen, "boundary"
    )
    unknown = f"05 06 0a000001 0001 00 06 0a000001 0002 {_V4} ff 06 0a000001 0003"
    comment = "5, 0 and 255 are no kinds: skipped."
    yield _counted("unknown_kinds", comment, unknown, _V4, [_HOST_V4], "extension")
    many = "".join(f"63 06 0a000001 {n:04x}" for n in range(1, 17))
    comment = "16 of an unknown kind do not count; the one behind them does."
    yield _counted("behind_unknown", comment, many + _V4, _V4, [_HOST_V4], "extension")


def _refused() -> Iterator[Case]:
    for case_id, comment, text in (
        ("kind_alone", "No length.", "01"),
        ("no_address", "6 bytes, of which there are none.", "01 06"),
        ("short_ipv4", "6 bytes, of which there are 5.", "01 06 c0000207 d4"),
        ("short_ipv6", "18 bytes, of which there are 17.", _V6[:-2]),
        ("length_0", "Neither 6 nor 18.", "01 00"),
        ("length_4", "An address without a port.", "01 04 c0000207"),
        ("length_7", "One more than 6.", "01 07 c0000207 d431 00"),
        ("length_16", "IPv6 without a port.", "01 10 20010db8 00000000 00000000 00000001"),
        ("length_255", "Far beyond the end.", "01 ff c0000207 d431"),
        ("unknown_kind_bad_length", "A length counts whatever the kind.", "63 05 c0000207 d4"),
        ("byte_behind", "A second candidate of one byte.", f"{_V4} 01"),
        ("seventeenth", "Beyond the first 16 the form counts, too.",
         _numbered(16) + "01 05 0a000001 00"),
    ):  # fmt: skip
        yield Case(
            id=f"refused_{case_id}",
            comment=comment,
            data=unhex(text),
            drop="bad_field",
            flags=("boundary",),
        )


def _valid(
    case_id: str,
    comment: str,
    text: str,
    *found: dict[str, str],
    flags: tuple[str, ...] = ("independent",),
) -> Case:
    listed: list[Json] = [dict(each) for each in found]
    return Case(
        id=case_id, comment=comment, data=unhex(text), decoded={"candidates": listed}, flags=flags
    )


def _counted(
    case_id: str, comment: str, text: str, again: str, found: list[dict[str, str]], flag: str
) -> Case:
    listed: list[Json] = [dict(each) for each in found]
    return Case(
        id=case_id,
        comment=comment,
        data=unhex(text),
        decoded={"candidates": listed},
        reencoded=unhex(again),
        flags=(flag,),
    )
