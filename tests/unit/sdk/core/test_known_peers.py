"""Which peers the application has been told of."""

from packhorse.core.events import PeerId, PeerJoined
from packhorse.core.known_peers import KnownPeers

BOB, EVE = PeerId(3), PeerId(4)


def test_peer_is_known_from_the_news_on() -> None:
    known = KnownPeers()
    news = PeerJoined(BOB)
    known.expect(news)
    before = list(known.peers)
    known.note_told(news)

    assert (before, list(known.peers)) == ([], [BOB])


def test_peers_are_in_the_order_of_the_news() -> None:
    known = KnownPeers()
    for peer in (EVE, BOB):
        news = PeerJoined(peer)
        known.expect(news)
        known.note_told(news)

    assert list(known.peers) == [EVE, BOB]


def test_one_peer_that_is_not_known_is_left_out_of_what_goes_to_all() -> None:
    known = KnownPeers()
    first, second = PeerJoined(BOB), PeerJoined(EVE)
    narrowed = [known.narrowed(0)]
    known.expect(first)
    narrowed += [known.narrowed(to) for to in (0, -EVE, EVE)]
    known.expect(second)
    narrowed.append(known.narrowed(0))
    known.note_told(first)
    narrowed.append(known.narrowed(0))
    known.forget(EVE)

    assert [*narrowed, known.narrowed(0)] == [0, -BOB, -EVE, EVE, 0, -EVE, 0]


def test_peer_that_has_left_is_not_known_though_the_application_has_not_heard_of_it() -> None:
    known = KnownPeers()
    news = PeerJoined(BOB)
    known.expect(news)
    known.note_told(news)

    known.forget(BOB)

    assert not known.peers


def test_news_of_a_peer_that_has_left_since_do_not_count() -> None:
    known = KnownPeers()
    news = PeerJoined(BOB)
    known.expect(news)
    known.forget(BOB)

    known.note_told(news)

    assert not known.peers


def test_old_news_of_a_peer_that_was_restarted_since_do_not_count() -> None:
    """The application is told of two restarts one after the other; both news are equal."""
    known = KnownPeers()
    first, second = PeerJoined(BOB), PeerJoined(BOB)
    known.expect(first)
    known.forget(BOB)
    known.expect(second)

    known.note_told(first)
    before = list(known.peers)
    known.note_told(second)

    assert (before, list(known.peers)) == ([], [BOB])
