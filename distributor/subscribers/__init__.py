"""Who has asked for what: the register, the signed links, and the lists that come in and go out as CSV."""
