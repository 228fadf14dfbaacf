"""Alerts to staff: what keeps the newsroom from working, told once, with what to do."""
