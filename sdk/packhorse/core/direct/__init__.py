"""Direct paths between members, beside the relay (SPEC.md section 18)."""
