"""Holds implementations of the delivery layer to protocol_spec/scenarios."""
