"""Unit tests of the pure member side."""
