"""Returned mail: read from its mailboxes, parsed, classified; and the addresses suppressed because of it."""
