"""Pipes: messages between two ends, whatever carries them."""
