"""Topics keys and replay: what both ends of a session derive and remember."""

import hmac
from collections.abc import Iterator

from tests.support.vector_cases.build import Case, u32, unhex

_MAX = 2**32 - 1


def keys() -> Iterator[Case]:
    """Yield the cases of keys.json."""
    yield Case(
        id="counting",
        comment="The example of SPEC.md section 6.6: session key 00 01 .. 1f.",
        data=bytes(range(32)),
        decoded={
            "member_to_relay": "cdabc3ce88c2ba2fa039b43df31d106bc688c773f0210fb60915ee8c4c929b5f",
            "relay_to_member": "7291074b9c3568e1a9f85b7f33f8416b8ff1e799f33db064d09ffa49deaead5e",
            "member_to_member": _hmac(bytes(range(32)), b"packhorse.v1 member to member"),
        },
        flags=("independent",),
    )
    for case_id, comment, session_key in (
        ("zeros", "Session key of zero bytes.", bytes(32)),
        ("ones", "Session key of bytes ff.", b"\xff" * 32),
        ("not_text", "A key that is no UTF-8.", unhex("c0af" * 16)),
    ):
        yield Case(
            id=case_id,
            comment=comment,
            data=session_key,
            decoded={
                "member_to_relay": _hmac(session_key, b"packhorse.v1 member to relay"),
                "relay_to_member": _hmac(session_key, b"packhorse.v1 relay to member"),
                "member_to_member": _hmac(session_key, b"packhorse.v1 member to member"),
            },
            flags=("independent",),
        )


def _hmac(key: bytes, label: bytes) -> str:
    return hmac.new(key, label, "sha256").hexdigest()


def replay() -> Iterator[Case]:
    """Yield the cases of replay.json."""
    ten = list(range(1, 11))
    up_to_64 = list(range(1, 65))
    for case_id, comment, offered, last in (
        ("first_is_1", "The first of a direction.", [], 1),
        ("first_is_later", "The first that arrives need not be the first sent.", [], 500),
        ("first_is_largest", "2^32-1 in a new window.", [], _MAX),
        ("next", "In order.", ten, 11),
        ("far_ahead", "A gap of any size.", ten, 100000),
        ("late", "Overtaken by one.", [1, 3], 2),
        ("late_by_63", "64 numbers are remembered: 64 - 1 = 63 is below 64.", [64], 1),
        ("late_after_jump", "A jump of 63 keeps one old bit.", [1, 64], 2),
        ("gap_filled_backwards", "5, 4, 3, then 2.", [5, 4, 3], 2),
        ("refused_changes_nothing", "The second 7 is refused; 6 is still fresh.", [7, 7], 6),
        ("too_old_changes_nothing", "1 is too old; 66 is still the next.", [65, 1], 66),
        ("near_the_end", "2^32-1 after 2^32-2.", [_MAX - 1], _MAX),
        ("late_at_the_end", "63 behind the largest number.", [_MAX], _MAX - 63),
        ("over_2_31", "No sign: 2^31 is newer than 2^31-1.", [2**31 - 1], 2**31),
        ("late_over_2_31", "2^31-1 after 2^31.", [2**31], 2**31 - 1),
    ):
        yield _window(case_id, comment, offered, last, is_fresh=True)
    for case_id, comment, offered, last in (
        ("twice", "The same again.", [1], 1),
        ("twice_later", "A number below the newest that was seen.", ten, 5),
        ("late_twice", "A late one, twice.", [1, 3, 2], 2),
        ("late_by_64", "65 - 1 = 64: 1 is too old, though never seen.", [65], 1),
        ("oldest_twice", "1 was seen; newest is 64.", up_to_64, 1),
        (
            "oldest_of_window_twice",
            "2 was seen; newest is 65, 2 is the oldest remembered.",
            [2, 65],
            2,
        ),
        ("first_after_jump", "A jump by 64 forgets all, and all is too old.", [1, 65], 1),
        ("jump_keeps_newest", "After a jump by 1000 the newest is seen.", [1, 1001], 1001),
        ("jump_by_63_keeps", "1 was seen; newest is 64.", [1, 64], 1),
        ("largest_twice", "2^32-1 twice.", [_MAX], _MAX),
        ("no_wrap_to_1", "After 2^32-1 comes nothing: 1 is old.", [_MAX], 1),
        ("no_wrap_to_63", "The window does not reach around the end.", [_MAX - 1, _MAX], 62),
        ("late_by_64_at_the_end", "64 behind the largest number.", [_MAX], _MAX - 64),
        ("far_back_over_2_31", "The difference is above 2^31.", [2**31 + 100], 1),
        ("refused_stays_refused", "Three times the same.", [4, 4], 4),
    ):
        yield _window(case_id, comment, offered, last, is_fresh=False)


def _window(case_id: str, comment: str, offered: list[int], last: int, *, is_fresh: bool) -> Case:
    return Case(
        id=case_id,
        comment=comment,
        given={"offered": [str(number) for number in offered]},
        data=u32(last),
        decoded={"seq": str(last)} if is_fresh else None,
        drop=None if is_fresh else "replayed",
        flags=_flags(case_id, is_fresh=is_fresh),
    )


def _flags(case_id: str, *, is_fresh: bool) -> tuple[str, ...]:
    if case_id in {"late_by_63", "late_by_64"}:
        return ("boundary", "independent")
    return () if is_fresh else ("forgery",)
