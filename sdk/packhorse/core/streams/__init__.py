"""TCP connections carried between two middlemen, as pure state machines."""
