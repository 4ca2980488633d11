"""Unit tests of the parts of data planes."""
