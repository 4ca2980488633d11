"""Relations between the numbers, which protocol.yaml cannot state."""

from packhorse.wire import constants as c


def test_first_bytes_are_mark_version_and_kind() -> None:
    first_bytes = {member.name: 0b1010_0100 | c.Kind[member.name] for member in c.FirstByte}

    assert first_bytes == {member.name: member.value for member in c.FirstByte}


def test_legacy_prefix_is_no_first_byte_of_ours() -> None:
    assert c.LEGACY_PREFIX >> 12 != c.MARK


def test_grease_is_outside_of_what_is_known() -> None:
    first, last = c.GREASE_FEATURE_BITS
    grease_bits = sum(1 << bit for bit in range(first, last + 1))

    assert c.KNOWN_FEATURES & grease_bits == 0
    assert c.GREASE_KEYS[1] == c.MSGPACK_MAX_KEY


def test_every_error_code_has_a_sentence_and_advice() -> None:
    assert set(c.ERROR_TEXTS) == set(c.ErrorCode)
    assert all(sentence and advice for sentence, advice in c.ERROR_TEXTS.values())


def test_pages_of_a_roster_hold_the_largest_room() -> None:
    assert 16 * c.ROSTER_PAGE == c.MAX_PEERS_HARD


def test_cookie_is_a_time_and_a_mac() -> None:
    assert c.COOKIE_SIZE == 4 + c.MAC_SIZE


def test_cookie_key_outlives_a_cookie() -> None:
    assert c.COOKIE_LIFETIME < c.COOKIE_KEY_PERIOD


def test_every_state_but_the_last_can_be_left() -> None:
    left = {state for state, _ in c.MEMBER_TRANSITIONS}

    assert left == set(c.MemberState) - {c.MemberState.CLOSED}
