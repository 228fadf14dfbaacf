"""What keeps a newsroom from working, and what to do about it. Facts are gathered at the edge; each check is pure."""
