"""Write protocol_spec/vectors, or with --check compare them with what would be written."""

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path
from typing import Final

from tests.support.vector_cases import (
    admission,
    binding,
    candidates,
    cookie,
    ctrl,
    frame_cases,
    frame_examples,
    header,
    msgpack_refused,
    msgpack_values,
    seal,
    seal_state,
    texts,
)
from tests.support.vector_cases.build import FLAGS, ROOT, Case, Json, check_ids, protocol

FOLDER: Final = ROOT / "protocol_spec" / "vectors"
SCHEMA: Final = "1"
TOPICS: Final[dict[str, Callable[[], Iterable[Case]]]] = {
    "header": header.cases,
    "msgpack": lambda: chain(msgpack_values.cases(), msgpack_refused.cases()),
    "ctrl": ctrl.cases,
    "keys": seal_state.keys,
    "binding": binding.cases,
    "seal": seal.cases,
    "replay": seal_state.replay,
    "cookie": cookie.cases,
    "room_code": texts.room_codes,
    "address": texts.addresses,
    "candidates": candidates.cases,
    "legacy": texts.legacy,
    "ticket": admission.tickets,
    "room_list": admission.room_lists,
    "proof": admission.proofs,
    "frames": lambda: chain(frame_examples.cases(), frame_cases.cases()),
}


def main(argv: list[str] | None = None) -> int:
    """Write the files, or compare them; return 1 when one is out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the files are")
    args = parser.parse_args(argv)
    wanted = files()
    if args.check:
        return _check(args.folder, wanted)
    args.folder.mkdir(parents=True, exist_ok=True)
    for name, text in wanted.items():
        (args.folder / name).write_text(text, "utf-8", newline="\n")
    return 0


def files() -> dict[str, str]:
    """Return the text of every file by its name."""
    version = str(protocol()["wire_version"])
    listed: list[Json] = []
    texts_by_name: dict[str, str] = {}
    for topic, make_cases in TOPICS.items():
        cases = check_ids(make_cases())
        count = str(len(cases))
        listed.append({"file": f"{topic}.json", "topic": topic, "count": count})
        texts_by_name[f"{topic}.json"] = _text(
            {
                "schema": SCHEMA,
                "wire_version": version,
                "topic": topic,
                "count": count,
                "flags": {flag: dict(FLAGS[flag]) for flag in _flags_of(cases)},
                "cases": [case.as_json() for case in cases],
            }
        )
    manifest: Json = {"schema": SCHEMA, "wire_version": version, "files": listed}
    return {"manifest.json": _text(manifest), **texts_by_name}


def _flags_of(cases: list[Case]) -> list[str]:
    return sorted({flag for case in cases for flag in case.flags})


def _text(value: Json) -> str:
    return json.dumps(value, indent=1) + "\n"


def _check(folder: Path, wanted: dict[str, str]) -> int:
    stale = [name for name, text in wanted.items() if _read(folder / name) != text]
    foreign = [path.name for path in folder.glob("*.json") if path.name not in wanted]
    for name in stale:
        print(f"{name} is not what make_vectors writes: run make vectors", file=sys.stderr)
    for name in foreign:
        print(f"{name} is not written by make_vectors", file=sys.stderr)
    return 1 if stale or foreign else 0


def _read(path: Path) -> str | None:
    return path.read_bytes().decode() if path.is_file() else None


if __name__ == "__main__":
    sys.exit(main())
