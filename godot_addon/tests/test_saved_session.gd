extends "res://tests/test_case.gd"
## What a program keeps of its session.

const Constants := preload("res://addons/packhorse/wire/constants.gd")
const SavedSession := preload("res://addons/packhorse/core/saved_session.gd")

const MAX_TICKET := 256  # bytes


func test_text_gives_the_session_back() -> void:
	for size: int in [0, 1, MAX_TICKET]:
		for max_datagram: int in [256, 576, Constants.MAX_DATAGRAM]:
			var saved := _saved(max_datagram, size)
			var read := SavedSession.from_text(saved.to_text())

			assert_true(read != null, "%d bytes, ticket of %d" % [max_datagram, size])
			if read != null:
				assert_eq(read.session, saved.session, "session")
				assert_eq(read.key, saved.key, "key")
				assert_eq(read.max_datagram, max_datagram, "max_datagram")
				assert_eq(read.ticket, saved.ticket, "ticket")


func test_datagram_size_that_no_session_has_is_refused() -> void:
	for max_datagram: int in [0, 255, Constants.MAX_DATAGRAM + 1, 0xFFFF]:
		var text := _saved(max_datagram, 1).to_text()
		assert_true(SavedSession.from_text(text) == null, "%d bytes" % max_datagram)


func test_ticket_that_no_message_can_carry_is_refused() -> void:
	assert_true(SavedSession.from_text(_saved(576, MAX_TICKET + 1).to_text()) == null, "ticket")


func test_what_is_no_saved_session_is_refused() -> void:
	var text := _saved(576, 8).to_text()
	for other: String in ["", "nonsense!", "AAAA", text.left(30), text.substr(1), "Ag"]:
		assert_true(SavedSession.from_text(other) == null, "'%s'" % other)


func test_session_that_cannot_be_sent_is_not_resumed() -> void:
	var peer := PackhorseMultiplayerPeer.new()
	var text := _saved(255, 8).to_text()

	assert_eq(peer.resume_room("127.0.0.1", text), ERR_INVALID_PARAMETER, "result")


func _saved(max_datagram: int, ticket_size: int) -> SavedSession:
	var saved := SavedSession.new()
	saved.session = 0xFFFFFFFE
	saved.max_datagram = max_datagram
	saved.key.resize(Constants.SESSION_KEY_SIZE)
	saved.ticket.resize(ticket_size)
	return saved
