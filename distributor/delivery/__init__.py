"""Delivery: the ledger of what is enqueued, what to do after a failure, and the worker that goes through it."""
