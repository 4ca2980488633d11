"""What the addon must not touch in a browser, where Godot has no UDP, names or threads.

A Mutex does nothing in an engine without threads.
"""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.support.godot import PROJECT, scripts

ADDON: Final = PROJECT / "addons" / "packhorse"
RUNTIME: Final = [
    path
    for path in scripts(ADDON)
    if path.relative_to(ADDON).parts[0] != "editor" and path.name != "plugin.gd"
]
NATIVE_ONLY: Final = re.compile(
    r"\b(PacketPeerUDP|PacketPeerDTLS|UDPServer|TCPServer|StreamPeerTCP|StreamPeerTLS|HTTPClient"
    r"|HTTPRequest|UPNP|UPNPDevice|Thread|Semaphore|set_no_delay|get_connected_host)\b"
    r"|\b(IP|OS)\.(?!has_feature)\w+|\bOS\.(delay_msec|delay_usec|execute\w*|create_process)\b"
)
ALLOWED: Final = {
    "net/udp_link.gd": {"PacketPeerUDP"},
    "net/direct_sockets.gd": {"IP"},
    "net/network_thread.gd": {"Thread", "Semaphore", "OS"},
    "net/resolver.gd": {"IP"},
    "net/websocket_failure.gd": {"HTTPClient"},
    "net/websocket_link.gd": {"set_no_delay"},
}


def code_of(script: Path) -> str:
    """Return a script without its comments."""
    lines = script.read_text("utf-8").splitlines()
    return "\n".join(line.partition("#")[0] for line in lines)


def users_of(name: str) -> set[str]:
    """Return the addon's scripts that preload the script `name`."""
    return {path.relative_to(ADDON).as_posix() for path in RUNTIME if f'{name}")' in code_of(path)}


@pytest.mark.parametrize("script", RUNTIME, ids=lambda path: path.relative_to(ADDON).as_posix())
def test_script_uses_nothing_that_a_browser_lacks(script: Path) -> None:
    name = script.relative_to(ADDON).as_posix()

    found = {match[0].partition(".")[0] for match in NATIVE_ONLY.finditer(code_of(script))}

    assert found == ALLOWED.get(name, set())


def test_udp_is_made_only_for_ways_that_a_browser_is_not_given() -> None:
    """The ways of a browser are tested by test_candidates.gd and test_connector.gd."""
    assert users_of("udp_link.gd") == {"net/reach.gd", "net/relay_doctor.gd"}
    assert users_of("relay_doctor.gd") == set()  # the editor's alone
    assert "if candidate.url:\n\t\treturn WebsocketLink.new(" in code_of(ADDON / "net/reach.gd")


def test_no_thread_is_started_in_a_browser() -> None:
    code = code_of(ADDON / "net/network_thread.gd")
    browser = 'if not OS.has_feature("threads") or OS.has_feature("web"):\n\t\treturn false\n'

    assert browser + "\tif _thread == null and not _start():" in code
    assert code.count("_start()") == 2  # that one, and what it calls
    assert code.count("Thread.new()") == code.partition("func _start()")[2].count("Thread.new()")
    assert code.count("OS.delay_usec(") == code.partition("func _run()")[2].count("OS.delay_usec(")


def test_names_are_resolved_only_where_addresses_are_needed() -> None:
    users = users_of("resolver.gd") - {"net/relay_doctor.gd"}  # the editor's alone

    assert users == {"net/connector.gd", "net/room_finder.gd"}
    for user in users:
        made = re.findall(r"(.*)\n\t\t_resolver = Resolver\.new\(", code_of(ADDON / user))
        assert made == ["\tif reach.needs_addresses():"]


def test_browser_is_asked_nothing_more_about_a_failure_and_no_delay() -> None:
    code = code_of(ADDON / "net/websocket_link.gd")

    assert users_of("websocket_failure.gd") == {"net/websocket_link.gd"}
    assert code.count("WebsocketFailure.new(") == code.count("set_no_delay") == 1
    assert "elif is_late or _is_web:\n" in code.partition("WebsocketFailure.new(")[0]
    assert "if not _is_web:\n\t\t_socket.set_no_delay(true)" in code


def test_browser_looks_for_no_direct_paths() -> None:
    assert users_of("direct_sockets.gd") == {"net/session_driver.gd"}
    client = code_of(ADDON / "net/relay_client.gd")
    assert "\tif _reach.may_be_direct():\n\t\t_driver.seek_direct_paths()" in client
    assert client.count("seek_direct_paths(") == 1
