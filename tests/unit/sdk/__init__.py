"""Tests of the SDK, module by module."""
