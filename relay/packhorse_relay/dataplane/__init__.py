"""Data planes: forward DATA and FRAME by the forwarding table, all with one result."""
