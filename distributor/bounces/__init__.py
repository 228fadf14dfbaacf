"""Bounces and complaints: read from their mailboxes, parsed, classified; and the addresses suppressed because of them."""
