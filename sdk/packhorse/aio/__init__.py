"""The asyncio shell: sockets, timers and the public `Room`."""
