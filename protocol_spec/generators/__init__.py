"""Turn protocol.yaml into Python, GDScript and Markdown."""
