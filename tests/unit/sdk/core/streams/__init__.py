"""Unit tests of packhorse.core.streams."""
