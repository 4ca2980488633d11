"""Tests of who may ask the admin listener."""

import pytest

from packhorse_relay.admin.access import (
    LOCKOUT,
    MAX_FAILURES,
    MAX_SOURCES,
    Access,
    Credentials,
    Verdict,
    host_name,
)

TOKEN = "correct-horse-battery-staple"  # noqa: S105 - a test's
HOST = "127.0.0.1:6970"
HERE, THERE = b"\x7f\x00\x00\x01", b"\xcb\x00\x71\x01"


def shown(
    *authorizations: str,
    host: str | None = HOST,
    origin: str | None = None,
    site: str | None = None,
    source: bytes = HERE,
) -> Credentials:
    return Credentials(
        hosts=[] if host is None else [host],
        origins=[] if origin is None else [origin],
        sites=[] if site is None else [site],
        authorizations=list(authorizations),
        source=source,
    )


def bearer(token: str = TOKEN) -> str:
    return f"Bearer {token}"


def check(access: Access, credentials: Credentials, *, reveal: bool = False) -> Verdict:
    return access.check_data(credentials, reveal=reveal, now=0.0)


@pytest.fixture
def local() -> Access:
    """One that listens for this machine only."""
    return Access(TOKEN, needs_token=False)


@pytest.fixture
def public() -> Access:
    return Access(TOKEN, ["Relay.Example"], needs_token=True)


@pytest.mark.parametrize(
    ("host", "verdict"),
    [
        ("127.0.0.1:6970", Verdict.OK),
        ("localhost:6970", Verdict.OK),
        ("LOCALHOST", Verdict.OK),
        ("[::1]:6970", Verdict.OK),
        ("192.0.2.1", Verdict.OK),
        ("relay.example:6970", Verdict.OK),
        ("evil.example:6970", Verdict.BAD_HOST),
        ("localhost.evil.example", Verdict.BAD_HOST),
        ("127.0.0.1.evil.example", Verdict.BAD_HOST),
        ("evil.example@127.0.0.1", Verdict.BAD_HOST),
        ("", Verdict.BAD_HOST),
        (None, Verdict.BAD_HOST),
    ],
)
def test_attack_24_dns_rebinding_is_refused_by_the_host_name(
    public: Access, host: str | None, verdict: Verdict
) -> None:
    """Attack 24: a page's own name comes to mean this machine."""
    assert check(public, shown(bearer(), host=host)) is verdict
    assert public.check_page(shown(host=host)) is verdict


def test_two_host_names_are_one_too_many(local: Access) -> None:
    twice = shown()._replace(hosts=[HOST, HOST])

    assert check(local, twice) is Verdict.BAD_HOST


@pytest.mark.parametrize(
    ("origin", "site", "verdict"),
    [
        (None, None, Verdict.OK),
        (f"http://{HOST}", "same-origin", Verdict.OK),
        (f"https://{HOST}", None, Verdict.OK),
        (None, "none", Verdict.OK),
        ("http://evil.example", None, Verdict.BAD_ORIGIN),
        ("http://127.0.0.1:8080", None, Verdict.BAD_ORIGIN),
        ("null", None, Verdict.BAD_ORIGIN),
        (None, "cross-site", Verdict.BAD_ORIGIN),
        (None, "same-site", Verdict.BAD_ORIGIN),
    ],
)
def test_page_of_another_site_may_not_ask(
    local: Access, origin: str | None, site: str | None, verdict: Verdict
) -> None:
    """Attack 24: somebody's page in the operator's browser asks."""
    assert check(local, shown(origin=origin, site=site)) is verdict


@pytest.mark.parametrize(
    ("authorization", "verdict"),
    [
        (bearer(), Verdict.OK),
        (f"bearer  {TOKEN} ", Verdict.OK),
        (bearer("wrong"), Verdict.UNAUTHORIZED),
        (bearer(""), Verdict.UNAUTHORIZED),
        (bearer(TOKEN[:-1]), Verdict.UNAUTHORIZED),
        (TOKEN, Verdict.UNAUTHORIZED),
        (f"Basic {TOKEN}", Verdict.UNAUTHORIZED),
        ("Bearer näh", Verdict.UNAUTHORIZED),
    ],
)
def test_only_the_whole_token_is_right(
    public: Access, authorization: str, verdict: Verdict
) -> None:
    assert check(public, shown(authorization)) is verdict


def test_without_a_token_figures_are_for_this_machine_only(local: Access, public: Access) -> None:
    assert check(local, shown()) is Verdict.OK
    assert check(public, shown()) is Verdict.UNAUTHORIZED


def test_codes_are_shown_only_with_the_token(local: Access) -> None:
    assert check(local, shown(), reveal=True) is Verdict.UNAUTHORIZED
    assert check(local, shown(bearer()), reveal=True) is Verdict.OK


def test_wrong_token_is_refused_where_none_is_needed(local: Access) -> None:
    assert check(local, shown(bearer("wrong"))) is Verdict.UNAUTHORIZED


def test_two_tokens_are_one_too_many(public: Access) -> None:
    assert check(public, shown(bearer(), bearer())) is Verdict.UNAUTHORIZED


def test_no_token_at_all_matches_nothing() -> None:
    assert check(Access("", needs_token=True), shown(bearer(""))) is Verdict.UNAUTHORIZED


def test_guessing_the_token_locks_the_source_out(public: Access) -> None:
    """Attack 29: thirty seconds after five wrong tokens, even for the right one."""
    wrong, right = shown(bearer("wrong")), shown(bearer())
    for _ in range(MAX_FAILURES):
        assert public.check_data(wrong, reveal=False, now=0.0) is Verdict.UNAUTHORIZED

    assert public.check_data(right, reveal=False, now=LOCKOUT - 0.1) is Verdict.LOCKED_OUT
    assert public.check_data(right._replace(source=THERE), reveal=False, now=1.0) is Verdict.OK
    assert public.check_data(right, reveal=False, now=LOCKOUT) is Verdict.OK


def test_right_token_forgets_the_wrong_ones(public: Access) -> None:
    for _ in range(3 * MAX_FAILURES):
        for _ in range(MAX_FAILURES - 1):
            check(public, shown(bearer("wrong")))
        assert check(public, shown(bearer())) is Verdict.OK
    assert len(public) == 0


def test_asking_without_a_token_is_no_wrong_token(public: Access) -> None:
    for _ in range(100):
        check(public, shown())

    assert check(public, shown(bearer())) is Verdict.OK


def test_flood_of_sources_fills_no_table(public: Access) -> None:
    for source in range(MAX_SOURCES + 100):
        check(public, shown(bearer("wrong"), source=source.to_bytes(4, "big")))

    assert len(public) == MAX_SOURCES


@pytest.mark.parametrize(
    ("header", "name"),
    [("A.example:1", "a.example"), ("a.example", "a.example"), ("[::1]:1", "::1"), ("[::1", "::1")],
)
def test_host_header_gives_the_name(header: str, name: str) -> None:
    assert host_name(header) == name


def test_changed_token_and_names_count_at_once(public: Access) -> None:
    public.change("another-token-as-long", ["other.example"])

    assert check(public, shown(bearer())) is Verdict.UNAUTHORIZED
    assert check(public, shown(bearer("another-token-as-long"), host="other.example")) is Verdict.OK
    assert check(public, shown(bearer(), host="relay.example")) is Verdict.BAD_HOST


def test_attack_29_token_that_is_no_text_is_wrong_and_counts(public: Access) -> None:
    """Bytes above 127 in a header; they raised, and were not counted."""
    guesses = [check(public, shown(bearer("\udcff" * 28))) for _ in range(MAX_FAILURES + 1)]

    assert guesses == [Verdict.UNAUTHORIZED] * MAX_FAILURES + [Verdict.LOCKED_OUT]
