"""Tests of the codecs, module by module; the vectors in tests/conformance add to them."""
