"""Real loopback sockets, real processes."""
