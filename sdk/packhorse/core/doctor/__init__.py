"""What the examination of a relay has shown, and what that means."""
