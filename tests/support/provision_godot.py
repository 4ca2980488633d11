"""Find a Godot for the tests, or unpack Debian's into `.cache/godot/`.

Order: `$GODOT`, then a `godot` on PATH that is new enough, then Debian's
packages from sid, unpacked without root and without touching the system: the
editor, and the program of an exported game (see export_template.py).

    python -m tests.support.provision_godot     prints the path of a wrapper
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from tests.support import apt_source
from tests.support.layout import REPOSITORY

MINIMUM_VERSION: Final = (4, 4)  # uids, typed dictionaries
CACHE: Final = REPOSITORY / ".cache" / "godot"
ROOT: Final = CACHE / "root"  # appears by one rename, when everything in it works
WRAPPER: Final = CACHE / "run"
SUITE: Final = "sid"
# The last four draw screenshots, with a virtual X server.
PACKAGES: Final = (
    "godot",
    "godot-template-release",
    "libgl1-mesa-dri",
    "libgl1",
    "libglx-mesa0",
    "libegl1",
)
TEMPLATE: Final = "usr/bin/godot-template-release"  # below the root
# A root that lacks one of these is of an older list of packages, and made anew.
PROGRAMS: Final = ("usr/bin/godot", TEMPLATE)

UPDATE_DEADLINE: Final = 180.0  # seconds; 15 MB of package lists
DOWNLOAD_DEADLINE: Final = 600.0  # seconds; 220 MB
UNPACK_DEADLINE: Final = 120.0  # seconds, each package
VERSION_DEADLINE: Final = 60.0  # seconds; the first start reads 150 MB from disk
LOCK_DEADLINE: Final = 900.0  # seconds; another process may be provisioning

ADVICE: Final = "install Godot 4.4 or newer and set GODOT to its executable"


class ProvisionError(Exception):
    """No Godot can be had here; the text says why and what to do."""


def locate() -> list[str] | None:
    """Return the command that runs Godot, without using the network.

    Raises:
        ProvisionError: `$GODOT` is set and is not an executable file.
    """
    if command := installed():
        return _wrap(command)
    return _wrap(*_unpacked_command(ROOT)) if ROOT.is_dir() else None


def provision() -> list[str]:
    """Return the command that runs Godot; download Godot when there is none.

    Raises:
        ProvisionError: A step failed; the text is one line with advice.
    """
    if command := installed():
        return _wrap(command)
    if not _is_whole(ROOT):
        source = _debian_source()
        CACHE.mkdir(parents=True, exist_ok=True)
        with _locked(CACHE / "lock"):
            if not _is_whole(ROOT):
                _unpack_into_root(_download(source))
    return _wrap(*_unpacked_command(ROOT))


def installed() -> list[str] | None:
    """Return the command of a Godot that is not ours: `$GODOT`, or one on PATH.

    Raises:
        ProvisionError: `$GODOT` is set and is not an executable file.
    """
    if (named := os.environ.get("GODOT")) and _executable(named) != str(WRAPPER):
        return [_executable(named)]
    if (on_path := shutil.which("godot")) and _is_new_enough([on_path]):
        return [on_path]
    return None


def _is_whole(root: Path) -> bool:
    return all((root / program).is_file() for program in PROGRAMS)


def _executable(named: str) -> str:
    path = shutil.which(named)
    if path is None:
        raise ProvisionError(f"GODOT is {named!r}, which cannot be executed: {ADVICE}")
    return str(Path(path).resolve())


def _is_new_enough(command: Sequence[str], env: dict[str, str] | None = None) -> bool:
    """Tell whether `command` answers `--version` with a supported version."""
    try:
        answer = _run([*command, "--version"], VERSION_DEADLINE, env=env)
    except ProvisionError:
        return False
    match = re.search(r"^(\d+)\.(\d+)", answer, re.MULTILINE)
    return match is not None and (int(match[1]), int(match[2])) >= MINIMUM_VERSION


def _wrap(command: Sequence[str], env: dict[str, str] | None = None) -> list[str]:
    """Write the wrapper script and return the command that runs it.

    The wrapper keeps Godot's settings and user data inside the cache, so that
    tests neither see nor change those of the person who runs them.
    """
    if os.name != "posix":
        return list(command)
    home = CACHE / "home"
    settings = {
        f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("DATA", "CONFIG", "CACHE")
    }
    lines = [f"export {name}={_quote(value)}" for name, value in (settings | (env or {})).items()]
    text = "\n".join(["#!/bin/sh", *lines, f'exec {" ".join(map(_quote, command))} "$@"', ""])
    if not WRAPPER.is_file() or WRAPPER.read_text("utf-8") != text:
        _replace_script(WRAPPER, text)
    return [str(WRAPPER)]


def _replace_script(path: Path, text: str) -> None:
    """Write an executable file in one step: another process may be running it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{os.getpid()}")
    new.write_text(text, "utf-8")
    new.chmod(0o755)
    new.replace(path)


def _quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _unpacked_command(root: Path) -> tuple[list[str], dict[str, str]]:
    """Return the command and environment of the Godot unpacked in `root`.

    The root's own loader runs it, because the system's C library may be older.

    Raises:
        ProvisionError: `root` holds no loader.
    """
    loader = loader_of(root)
    if loader is None:
        raise ProvisionError(f"{root} holds no loader: delete it and try again")
    command = [str(loader), *library_options(loader), str(root / "usr/bin/godot")]
    drivers = str(loader.parent / "dri")
    return command, {"LIBGL_DRIVERS_PATH": drivers, "LIBGL_ALWAYS_SOFTWARE": "1"}


def loader_of(root: Path) -> Path | None:
    """Return the dynamic linker below `root`, which stands among its libraries."""
    return next(iter(sorted(root.glob("usr/lib/*-linux-gnu/ld-linux-*.so.*"))), None)


def library_options(loader: Path) -> list[str]:
    """Return the options that let `loader`, or a copy of it, take the libraries beside it."""
    return ["--library-path", f"{loader.parent}:{loader.parent / 'pulseaudio'}"]


def _debian_source() -> apt_source.SourceText:
    missing = [tool for tool in ("apt-get", "dpkg") if shutil.which(tool) is None]
    if missing:
        raise ProvisionError(f"no godot on PATH and no {missing[0]} to fetch one: {ADVICE}")
    source = apt_source.find(SUITE, apt_source.system_paths())
    if source is None or not _is_debian():
        raise ProvisionError(
            f"no godot on PATH, and this system's packages are not Debian's: {ADVICE}"
        )
    return source


def _is_debian() -> bool:
    release = Path("/etc/os-release")
    return (
        release.is_file()
        and re.search(r'^ID="?debian"?$', release.read_text("utf-8"), re.MULTILINE) is not None
    )


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on `path`; the system drops it if we die."""
    import fcntl  # noqa: PLC0415 - absent on Windows, where nothing is provisioned

    deadline = time.monotonic() + LOCK_DEADLINE
    with path.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise ProvisionError(f"{path} is held by another process: end it") from None
                time.sleep(0.2)
        yield


def _download(source: apt_source.SourceText) -> list[Path]:
    """Fetch Godot and all it needs with an apt state of our own.

    The empty status file makes apt bring every library, whatever this system
    has: the unpacked root must not mix with the system's older libraries.
    """
    apt = CACHE / "apt"
    for folder in ("state/lists/partial", "cache/archives/partial", "parts"):
        (apt / folder).mkdir(parents=True, exist_ok=True)
    (apt / "status").write_text("")
    (apt / "parts" / f"{SUITE}{source.suffix}").write_text(source.text)
    base = ["apt-get", "-qq", *_apt_options(apt)]
    _say("reading Debian's package lists")
    _run([*base, "update"], UPDATE_DEADLINE)
    _say("downloading Godot and its libraries (about 220 MB)")
    _run([*base, "-y", "-d", "--no-install-recommends", "install", *PACKAGES], DOWNLOAD_DEADLINE)
    return sorted((apt / "cache" / "archives").glob("*.deb"))


def _apt_options(apt: Path) -> list[str]:
    settings = {
        "Dir::State": apt / "state",
        "Dir::State::status": apt / "status",
        "Dir::Cache": apt / "cache",
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": apt / "parts",
        "Debug::NoLocking": 1,
        "APT::Sandbox::User": "root",
        "APT::Get::List-Cleanup": 0,
        "Acquire::Retries": 3,
        "Acquire::http::Timeout": 60,
        "Acquire::https::Timeout": 60,
        "Acquire::Languages": "none",
    }
    return [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]


def _unpack_into_root(archives: Sequence[Path]) -> None:
    """Unpack `archives`, see that Godot starts, then let the root appear."""
    partial = CACHE / "root.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    _say(f"unpacking {len(archives)} packages")
    # base-files makes /lib and friends symbolic links, which others rely on.
    first = [archive for archive in archives if archive.name.startswith("base-files_")]
    for archive in first:
        _unpack(archive, partial)
    others = [archive for archive in archives if archive not in first]
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        list(pool.map(lambda archive: _unpack(archive, partial), others))
    if not _is_new_enough(*_unpacked_command(partial)):
        raise ProvisionError(f"the unpacked Godot does not start here: {ADVICE}")
    shutil.rmtree(ROOT, ignore_errors=True)
    partial.rename(ROOT)
    shutil.rmtree(CACHE / "apt", ignore_errors=True)


def _unpack(archive: Path, root: Path) -> None:
    _run(["dpkg", "-x", str(archive), str(root)], UNPACK_DEADLINE)


def _run(command: Sequence[str], deadline: float, env: dict[str, str] | None = None) -> str:
    """Run `command` and return what it printed.

    Raises:
        ProvisionError: It failed, is absent, or outlived `deadline` seconds.
    """
    name = Path(command[0]).name
    environment = (
        os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"} | (env or {})
    )
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=deadline, env=environment, check=True
        )
    except subprocess.TimeoutExpired:
        raise ProvisionError(f"{name} took over {deadline:.0f} s: try again, or {ADVICE}") from None
    except subprocess.CalledProcessError as error:
        raise ProvisionError(
            f"{name} failed ({_last_line(error.stderr)}): try again, or {ADVICE}"
        ) from None
    except OSError as error:
        raise ProvisionError(f"{name} cannot be run ({error}): {ADVICE}") from None
    return done.stdout


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("E:")]
    return (errors or lines or ["no output"])[-1].strip()


def _say(text: str) -> None:
    print(f"godot: {text}", file=sys.stderr, flush=True)


def main() -> int:
    """Print the command that runs Godot; exit 1 with one line when there is none."""
    try:
        print(*provision())
    except ProvisionError as error:
        print(f"godot: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
