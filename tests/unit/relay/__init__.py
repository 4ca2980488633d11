"""Unit tests of the Python package packhorse_relay."""
