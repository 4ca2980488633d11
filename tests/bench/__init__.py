"""Measured ratios; nothing here decides a release."""
