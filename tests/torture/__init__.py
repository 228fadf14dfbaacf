"""Killing senders at random instants, and comparing what the far end has with what the ledger says."""
