"""Unit tests of packhorse.core.delivery."""
