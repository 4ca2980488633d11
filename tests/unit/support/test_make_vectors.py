"""The writer of the vectors notices when files are not its own."""

from pathlib import Path

import pytest

from tests.support import make_vectors
from tests.support.vector_cases.build import Case, check_ids


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with fresh vectors."""
    make_vectors.main(["--folder", str(tmp_path)])
    return tmp_path


def check(folder: Path) -> int:
    """Return what --check exits with."""
    return make_vectors.main(["--check", "--folder", str(folder)])


def test_fresh_vectors_pass_the_check(folder: Path) -> None:
    assert check(folder) == 0


def test_changed_file_fails_the_check(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (folder / "seal.json").open("a", newline="\n") as file:
        file.write("\n")

    assert check(folder) == 1
    assert "seal.json is not what make_vectors writes" in capsys.readouterr().err


def test_missing_file_fails_the_check(folder: Path) -> None:
    (folder / "keys.json").unlink()

    assert check(folder) == 1


def test_foreign_file_fails_the_check(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "more.json").write_text("{}")

    assert check(folder) == 1
    assert "more.json is not written by make_vectors" in capsys.readouterr().err


@pytest.mark.parametrize(
    "cases",
    [
        [Case(id="a", comment="One.", data=b"", drop="truncated")] * 2,
        [Case(id="a", comment="", data=b"", drop="truncated")],
        [Case(id="a", comment="Neither.", data=b"")],
        [Case(id="a", comment="Both.", data=b"", drop="truncated", decoded={})],
    ],
    ids=["twice", "no_comment", "no_result", "two_results"],
)
def test_incomplete_cases_are_not_written(cases: list[Case]) -> None:
    with pytest.raises(ValueError, match="case a is there twice or not complete"):
        check_ids(cases)
