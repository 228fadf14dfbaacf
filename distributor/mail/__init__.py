"""Email as SMTP carries it: addresses, messages, DKIM, the protocol without I/O, connections, what a rejection means."""
