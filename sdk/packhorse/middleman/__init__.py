"""Unmodified UDP and TCP applications in a room: servers at the host, clients at the others."""
