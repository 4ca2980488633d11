"""The pure member side: joining, sessions, rosters."""
