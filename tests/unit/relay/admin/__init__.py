"""Unit tests of the pure relay."""
