"""Tests of the table of `packhorse bench`."""

from rich.console import Console

from packhorse.cli.bench_screen import heading, table
from packhorse_relay.bench.load import Result
from packhorse_relay.bench.measuring import Section


def shown(results: dict[str, list[Result]], width: int = 120) -> str:
    console = Console(width=width)
    with console.capture() as captured:
        console.print(table(Section("burst", 8, "words", results)))
    return captured.get()


def test_table_shows_cost_ratio_with_spread_and_loss() -> None:
    ours = [Result(10, 10, 40e-6), Result(10, 10, 60e-6), Result(10, 9, 45e-6)]
    theirs = [Result(10, 10, 50e-6)] * 3

    text = shown({"packhorse batched": ours, "coturn 4.6.1": theirs})

    assert "5.00 (4.00-6.00)" in text
    assert "1.00 (0.80-1.20)" in text
    assert "3.3%" in text
    assert "x coturn 4.6.1" in text


def test_table_without_others_compares_with_the_first() -> None:
    text = shown(
        {"packhorse portable": [Result(1, 1, 8e-6)], "packhorse batched": [Result(1, 1, 4e-6)]}
    )

    assert "x packhorse portable" in text
    assert "0.50 (0.50-0.50)" in text


def test_heading_tells_the_load_and_how_often_it_ran() -> None:
    section = Section("burst", 8, "8 members", {"one": [Result(1, 1, 1.0)] * 3})

    assert heading(section).startswith("\n8 members; 100 bytes, loopback, 3 runs in turns")


def test_narrow_terminal_leaves_no_column_out() -> None:
    ours, theirs = [Result(10, 10, 40e-6)] * 3, [Result(10, 10, 50e-6)] * 3

    text = shown({"packhorse batched": ours, "coturn 4.6.1": theirs}, width=40)

    assert "…" not in text
    for figure in ("4.00", "0.80", "5.00", "1.00", "0.0%"):
        assert figure in text.split()
