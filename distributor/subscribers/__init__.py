"""Subscribers: the store, subscribing, opt-outs, signed links, the recipients of an edition, and CSV lists."""
