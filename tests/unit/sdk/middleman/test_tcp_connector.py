"""What the host's middleman tells of a TCP server."""

from packhorse.middleman.notices import ApplicationUnreachable, NothingListens
from packhorse.middleman.tcp_connector import TcpServer

ADDRESSES = [("127.0.0.1", 25565), ("::1", 25565)]


def test_closed_port_is_told_once_for_each_time_that_it_closes() -> None:
    server = TcpServer(ADDRESSES)

    told = [server.failed(ConnectionRefusedError()) for _ in range(2)]
    server.connected()
    told += [server.failed(ConnectionRefusedError()) for _ in range(2)]

    assert told == [
        NothingListens(ADDRESSES[0], has_listened=False),
        None,
        NothingListens(ADDRESSES[0], has_listened=True),
        None,
    ]


def test_server_that_cannot_be_reached_is_told_once_until_it_was() -> None:
    server = TcpServer(ADDRESSES)

    told = [server.failed(OSError(113, "No route to host")) for _ in range(2)]
    server.connected()
    told.append(server.failed(TimeoutError()))

    assert told == [
        ApplicationUnreachable(ADDRESSES[0], "No route to host"),
        None,
        ApplicationUnreachable(ADDRESSES[0], "no answer within 10 s"),
    ]


def test_error_without_a_text_of_the_system_is_told_as_it_is() -> None:
    told = TcpServer(ADDRESSES).failed(OSError("Multiple exceptions"))

    assert told == ApplicationUnreachable(ADDRESSES[0], "Multiple exceptions")
