"""NATs made of Linux network namespaces."""
