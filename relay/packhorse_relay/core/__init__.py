"""The pure relay: rooms, admission, sessions, limits and the forwarding table."""
