"""Unit tests of packhorse.aio."""
