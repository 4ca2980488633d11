"""Unit tests of packhorse.middleman."""
