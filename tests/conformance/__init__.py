"""The specification's vectors and scenarios, and the real Godot."""
