"""The language-neutral specification; nothing here is imported at run time."""
