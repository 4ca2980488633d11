"""Unit tests of packhorse.cli."""
