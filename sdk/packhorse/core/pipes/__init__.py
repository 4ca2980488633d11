"""What two ends of a pipe over plain datagrams say to each other; no I/O."""
