"""How many of something each source has, and each range of addresses that it is in."""

from collections import Counter

from packhorse_relay.core.buckets import scopes_of


class SourceCounts(Counter[bytes]):
    """Counts by the keys of scopes; a range that has none is forgotten.

    Source: protocol_spec/SPEC.md section 10.2.
    """

    def may_have_another(self, source: bytes, most: int) -> bool:
        """Tell whether `source`, where each may have `most`, has not all of its share."""
        return all(self[key] < most * factor for key, factor in scopes_of(source))

    def add(self, source: bytes) -> None:
        """Count one more."""
        self.update(key for key, _ in scopes_of(source))

    def remove(self, source: bytes) -> None:
        """Count one less; it must have been added."""
        for key, _ in scopes_of(source):
            self[key] -= 1
            if not self[key]:
                del self[key]
