"""The relay's asyncio shell: sockets, one timer, signals."""
