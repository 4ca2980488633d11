"""One module for each target; `tests.fuzz.registry` says what they hold."""
