"""Tests of what the other tests rely on."""
