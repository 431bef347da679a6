"""People, consent, cases and their levels, assignment, ownership of a conversation."""
