"""Unmodified UDP applications in a room: a game server at the host, its clients at the others."""
