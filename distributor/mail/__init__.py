"""Mail on the wire: addresses, messages, the SMTP conversation without I/O, the connection that carries it, Maildir."""
