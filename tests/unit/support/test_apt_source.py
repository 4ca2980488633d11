"""Tests of the Debian source entry reader."""

from pathlib import Path

from tests.support.apt_source import find, retarget

STANZAS = """\
# a comment
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm-security
Components: main
Signed-By: /keys/archive.gpg

Types: deb
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By:
 -----BEGIN KEY-----
 .
 -----END KEY-----
"""


def test_stanza_of_the_main_archive_is_turned_to_the_suite() -> None:
    turned = retarget(STANZAS, ".sources", "sid")

    assert turned is not None
    assert turned.suffix == ".sources"
    assert turned.text == (
        "Types: deb\nSuites: sid\nComponents: main\nuris: http://mirror.example/debian\n"
        "signed-by: \n -----BEGIN KEY-----\n .\n -----END KEY-----\n"
    )


def test_line_keeps_its_options_and_address() -> None:
    text = (
        "deb http://mirror.example/debian-security bookworm-security main\n"
        "deb [signed-by=/keys/a.gpg] http://mirror.example/debian bookworm main contrib\n"
    )

    turned = retarget(text, ".list", "sid")

    assert turned is not None
    assert turned.text == "deb [signed-by=/keys/a.gpg] http://mirror.example/debian sid main\n"


def test_source_without_the_main_component_is_passed_over() -> None:
    assert (
        retarget(
            "deb http://other.example nodistro stable\n# deb http://x sid main\n", ".list", "sid"
        )
        is None
    )


def test_disabled_stanza_is_passed_over() -> None:
    text = (
        "Enabled: no\nTypes: deb\nURIs: http://mirror.example\nSuites: trixie\nComponents: main\n"
    )

    assert retarget(text, ".sources", "sid") is None


def test_find_passes_over_files_that_cannot_be_read(tmp_path: Path) -> None:
    good = tmp_path / "good.list"
    good.write_text("deb http://mirror.example/debian trixie main\n")

    found = find("sid", [tmp_path / "absent.list", tmp_path, good])

    assert found == ("deb http://mirror.example/debian sid main\n", ".list")
