"""The pure core, one test file for each module; no sockets."""
