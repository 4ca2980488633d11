"""What an operator sees: health, metrics, status page; on a listener of its own."""
