"""Tests of `packhorse bench relay` as far as nothing is measured."""

import json

import pytest

from packhorse.cli import bench
from packhorse.cli.main import main
from packhorse_relay.bench.load import Result
from packhorse_relay.bench.measuring import Section, Wish


def test_unknown_relay_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["bench", "relay", "--against", "coturn,pigeon"])

    assert ended.value.code == 2
    assert "'pigeon' is none of coturn, c, plain" in capsys.readouterr().err


def test_plane_that_works_in_the_time_of_the_load_is_not_compared(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wishes: list[Wish] = []

    def remember(wish: Wish) -> list[Section]:
        wishes.append(wish)
        return []

    monkeypatch.setattr(bench, "measure", remember)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr("sys.platform", "linux")

    assert main(["bench", "relay"]) == 0
    assert [*wishes[0].planes] == ["portable", "batched"]
    with pytest.raises(SystemExit) as ended:
        main(["bench", "relay", "--dataplane", "kernel"])
    assert ended.value.code == 2
    assert "'kernel' is none of portable, batched" in capsys.readouterr().err


def test_json_tells_the_machine_the_load_and_the_loss(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = {"packhorse batched": [Result(10, 9, 45e-6)], "C loop": [Result(10, 10, 40e-6)]}
    monkeypatch.setattr(bench, "measure", lambda _wish: [Section("burst", 8, "words", runs)])
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr("sys.platform", "linux")

    assert main(["bench", "relay", "--json"]) == 0

    first, section = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["machine"]["processors"] == 2
    assert (section["load"], section["x"], section["text"]) == ("burst", 8, "words")
    ours = section["relays"][0]
    assert (ours["expected"], ours["lost"]) == (10, 1)
    assert ours["us"] == pytest.approx([5.0, 5.0, 5.0])
    assert ours["ratios"]["C loop"] == pytest.approx([1.25, 1.25, 1.25])


def test_machine_without_linux_is_refused_with_a_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("packhorse.cli.bench.sys.platform", "win32")

    assert main(["bench", "relay"]) == 1
    assert "needs Linux" in capsys.readouterr().err
